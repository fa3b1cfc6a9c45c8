import { type ReactNode, useState } from 'react';

import { showFailure } from '../studio/failure.ts';
import { useStudioCommand } from '../studio/studio.tsx';
import { FolderChooser, type Pickable } from './folder-chooser.tsx';

export interface PathPicker {
  readonly pick: () => void;
  /** To be drawn somewhere on the screen; nothing to see until it is needed. */
  readonly dialog: ReactNode;
}

/** Lets a person choose a folder or file of the studio's machine: by the platform's dialog, in a browser by one of our own. */
export function usePathPicker({
  what = 'folder',
  title,
  confirm,
  onPick,
}: {
  what?: Pickable;
  title: string;
  /** What the button says, as `Add folder`. */
  confirm: string;
  /** Takes an absolute path; not called where the person cancels. */
  onPick: (path: string) => void;
}): PathPicker {
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
        { what, title },
        {
          onSuccess: ({ paths }) => {
            const path = paths?.[0];
            if (path !== undefined) onPick(path);
          },
          onError: showFailure,
        },
      );
    },
    dialog: (
      <FolderChooser
        open={open}
        what={what}
        title={title}
        confirm={confirm}
        onClose={close}
        onChoose={(path) => {
          close();
          onPick(path);
        }}
      />
    ),
  };
}
