import { ActionIcon, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconFolderOpen } from '@tabler/icons-react';

import type { InputOf } from '../../electron/contract/api.ts';
import { showFailure } from '../studio/failure.ts';
import { useStudioCommand } from '../studio/studio.tsx';

export type RevealTarget = InputOf<'system.reveal'>['target'];

/** Shows something in the file manager; where there is none to show it, tells its path. */
export function useReveal(): (target: RevealTarget) => void {
  const { mutate } = useStudioCommand('system.reveal');
  return (target) => {
    mutate(
      { target },
      {
        onSuccess: ({ path, shown }) => {
          if (!shown) notifications.show({ title: 'It is here', message: path, autoClose: 12_000 });
        },
        onError: showFailure,
      },
    );
  };
}

export function RevealButton({ target }: { target: RevealTarget }) {
  const reveal = useReveal();
  return (
    <Tooltip label="Show in the file manager">
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label="Show in the file manager"
        onClick={() => {
          reveal(target);
        }}
      >
        <IconFolderOpen size={16} />
      </ActionIcon>
    </Tooltip>
  );
}
