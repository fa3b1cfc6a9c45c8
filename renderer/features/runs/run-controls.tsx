import { Button } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay, IconPlayerStop } from '@tabler/icons-react';
import { useState } from 'react';

import type { RunSummary } from '../../../electron/contract/runs.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand } from '../../studio/studio.tsx';
import { canPause, canResume, canStop } from './run-status.ts';

/** Pause, stop, resume: as the run's status allows. */
export function RunControls({
  run,
  prominent = false,
  resumeLeads = true,
}: {
  run: RunSummary;
  prominent?: boolean;
  /** Going on is what most people want. */
  resumeLeads?: boolean;
}) {
  const { status } = run;
  const [asking, setAsking] = useState(false);
  const pause = useStudioCommand('runs.pause');
  const stop = useStudioCommand('runs.stop');
  const resume = useStudioCommand('runs.resume');
  const input = { runId: run.id };
  const size = prominent ? 'sm' : 'xs';
  const doStop = () => {
    stop.mutate(input, {
      onError: showFailure,
      onSettled: () => {
        setAsking(false);
      },
    });
  };
  return (
    <>
      {canPause(status) && (
        <Button
          size={size}
          variant="default"
          leftSection={<IconPlayerPause size={16} aria-hidden />}
          loading={pause.isPending}
          onClick={() => {
            pause.mutate(input, { onError: showFailure });
          }}
        >
          Pause
        </Button>
      )}
      {canResume(status) && (
        <Button
          size={size}
          variant={resumeLeads ? 'filled' : 'default'}
          leftSection={<IconPlayerPlay size={16} aria-hidden />}
          loading={resume.isPending}
          onClick={() => {
            resume.mutate(input, { onError: showFailure });
          }}
        >
          Resume
        </Button>
      )}
      {canStop(status) && (
        <Button
          size={size}
          variant="default"
          leftSection={<IconPlayerStop size={16} aria-hidden />}
          loading={stop.isPending}
          onClick={() => {
            // What has not begun has nothing to lose.
            if (status === 'queued') doStop();
            else setAsking(true);
          }}
        >
          {status === 'queued' ? 'Remove from the queue' : 'Stop'}
        </Button>
      )}
      <ConfirmDialog
        open={asking}
        title={`Stop ${run.name}?`}
        confirm="Stop run"
        busy={stop.isPending}
        onClose={() => {
          setAsking(false);
        }}
        onConfirm={doStop}
      >
        What it has learned so far is kept. You can still train it on later.
      </ConfirmDialog>
    </>
  );
}
