import { notifications } from '@mantine/notifications';

import { NoticeLink } from '../../components/notice-link.tsx';
import { countOf } from '../../components/quantities.ts';

/** Says that several runs were begun, with the grid where they compare one click away. */
export function showSeveral(runIds: readonly number[], goTo: (address: string) => void): void {
  const noticeId = `runs-${runIds.join('-')}`;
  notifications.show({
    id: noticeId,
    title: `${countOf(runIds.length, 'run')}, one after the other`,
    message: (
      <NoticeLink
        noticeId={noticeId}
        label="Compare them in one grid"
        onGo={() => {
          goTo(`/compare?runs=${runIds.join(',')}`);
        }}
      />
    ),
    autoClose: 20_000,
    closeButtonProps: { 'aria-label': 'Close this notice' },
  });
}
