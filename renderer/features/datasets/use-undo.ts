import { notifications } from '@mantine/notifications';
import { useEffect, useEffectEvent } from 'react';

import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand } from '../../studio/studio.tsx';

const notice = 'undone';

/** Undo and redo of one data set, by functions and by Ctrl+Z and Ctrl+Shift+Z wherever no text is being edited. */
export function useUndo(datasetId: number): { readonly undo: () => void; readonly redo: () => void } {
  const undoing = useStudioCommand('datasets.undo');
  const redoing = useStudioCommand('datasets.redo');
  const say = (title: string, what: string | null) => {
    if (what === null) return;
    notifications.hide(notice);
    notifications.show({ id: notice, title, message: what, autoClose: 3000, withBorder: true });
  };
  const undo = () => {
    undoing.mutate(
      { datasetId },
      {
        onSuccess: ({ undone }) => {
          say('Undone', undone);
        },
        onError: showFailure,
      },
    );
  };
  const redo = () => {
    redoing.mutate(
      { datasetId },
      {
        onSuccess: ({ redone }) => {
          say('Done again', redone);
        },
        onError: showFailure,
      },
    );
  };
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || isEditing(event.target)) return;
    const key = event.key.toLowerCase();
    if (key === 'z' && !event.shiftKey) undo();
    else if ((key === 'z' && event.shiftKey) || key === 'y') redo();
    else return;
    event.preventDefault();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      onKey(event);
    };
    document.addEventListener('keydown', listener);
    return () => {
      document.removeEventListener('keydown', listener);
    };
  }, []);
  return { undo, redo };
}

/** Text fields undo their own typing first; one that holds nothing unsaved has nothing to undo. */
function isEditing(target: EventTarget | null): boolean {
  return (
    (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement) &&
    target.dataset.saved === undefined
  );
}
