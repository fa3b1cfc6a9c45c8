import { Anchor } from '@mantine/core';
import { notifications } from '@mantine/notifications';

import { countOf } from '../../components/quantities.ts';

/** Says that several runs were begun, with the grid where they compare one click away. */
export function showSeveral(runIds: readonly number[], goTo: (address: string) => void): void {
  const noticeId = `runs-${runIds.join('-')}`;
  notifications.show({
    id: noticeId,
    title: `${countOf(runIds.length, 'run')}, one after the other`,
    message: (
      <Anchor
        component="button"
        type="button"
        size="sm"
        onClick={() => {
          notifications.hide(noticeId);
          goTo(`/compare?runs=${runIds.join(',')}`);
        }}
      >
        Compare them in one grid
      </Anchor>
    ),
    autoClose: 20_000,
    closeButtonProps: { 'aria-label': 'Close this notice' },
  });
}
