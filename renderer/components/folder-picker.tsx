import { type ReactNode, useState } from 'react';

import { showFailure } from '../studio/failure.ts';
import { useStudioCommand } from '../studio/studio.tsx';
import { FolderChooser } from './folder-chooser.tsx';

export interface FolderPicker {
  readonly pick: () => void;
  /** To be drawn somewhere on the screen; nothing to see until it is needed. */
  readonly dialog: ReactNode;
}

/** Lets a person choose a folder of the studio's machine: by the platform's dialog, in a browser by one of our own. */
export function useFolderPicker({
  title,
  confirm,
  onPick,
}: {
  title: string;
  /** What the button says, as `Add folder`. */
  confirm: string;
  /** Takes an absolute path; not called where the person cancels. */
  onPick: (folder: string) => void;
}): FolderPicker {
  const [open, setOpen] = useState(false);
  const { mutate: askPlatform } = useStudioCommand('system.pick');
  const close = () => {
    setOpen(false);
  };
  return {
    pick: () => {
      if (window.screenfoldDesktop === undefined) {
        setOpen(true);
        return;
      }
      askPlatform(
        { what: 'folder', title },
        {
          onSuccess: ({ paths }) => {
            const folder = paths?.[0];
            if (folder !== undefined) onPick(folder);
          },
          onError: showFailure,
        },
      );
    },
    dialog: (
      <FolderChooser
        open={open}
        title={title}
        confirm={confirm}
        onClose={close}
        onChoose={(folder) => {
          close();
          onPick(folder);
        }}
      />
    ),
  };
}
