import { notifications } from '@mantine/notifications';

import type { RunSummary } from '../../electron/contract/runs.ts';
import { showFailure } from '../studio/failure.ts';
import { useStudioCommand } from '../studio/studio.tsx';
import { RenameDialog } from './rename-dialog.tsx';

/** A new word leaves the model as it was, so an epoch of it would be the base again. */
export function keepable({ method }: { readonly method: string }): boolean {
  return method !== 'embedding';
}

/** Makes an epoch a model of the library, under a name. */
export function KeepModelDialog({
  run,
  epoch,
  open,
  onClose,
}: {
  run: Pick<RunSummary, 'id' | 'name'>;
  epoch: number;
  open: boolean;
  onClose: () => void;
}) {
  const keep = useStudioCommand('models.keep');
  return (
    <RenameDialog
      open={open}
      title={`Keep epoch ${epoch} as a model`}
      label="Name of the model"
      confirm="Keep"
      name={`${run.name}, epoch ${epoch}`}
      busy={keep.isPending}
      onClose={onClose}
      onRename={(name) => {
        keep.mutate(
          { runId: run.id, epoch, name },
          {
            onSuccess: () => {
              onClose();
              notifications.show({
                title: `${name} is now a model`,
                message: 'Make pictures with it on the bench, or train from it.',
              });
            },
            onError: showFailure,
          },
        );
      }}
    />
  );
}
