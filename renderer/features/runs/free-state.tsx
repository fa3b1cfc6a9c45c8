import { bytesText } from '../../../electron/contract/quantities.ts';
import type { RunSummary } from '../../../electron/contract/runs.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';

interface FreeProps {
  readonly run: RunSummary;
  readonly open: boolean;
  readonly onClose: () => void;
}

/** Asks before what a run would be trained on from goes. */
export function FreeState(props: FreeProps) {
  return props.open ? <Asking {...props} /> : null;
}

function Asking({ run, open, onClose }: FreeProps) {
  const free = useStudioCommand('runs.freeState');
  const bytes = useStudioQuery('runs.get', { runId: run.id }).data?.stateBytes;
  const nothing = bytes === 0;
  return (
    <ConfirmDialog
      open={open}
      title={`Free disk space of ${run.name}?`}
      confirm={bytes === undefined || nothing ? 'Free it' : `Free ${bytesText(bytes)}`}
      busy={free.isPending}
      hindered={bytes === undefined || nothing}
      onClose={onClose}
      onConfirm={() => {
        free.mutate({ runId: run.id }, { onSuccess: onClose, onError: showFailure });
      }}
    >
      {nothing
        ? 'There is nothing to free: this run keeps only its checkpoints and pictures.'
        : 'Its checkpoints and pictures stay, but it can no longer be trained on for more epochs.'}
    </ConfirmDialog>
  );
}
