import { Button } from '@mantine/core';
import { IconPlayerPause, IconRepeat } from '@tabler/icons-react';

import type { RunDetail } from '../../../electron/contract/runs.ts';
import { Notice } from '../../components/notice.tsx';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand } from '../../studio/studio.tsx';
import { RunControls } from './run-controls.tsx';
import { useRepeat } from './run-menu.tsx';

/** Failures that come again at the same step, unless something is set otherwise. */
const cannotGoOn = new Set(['loss-not-finite', 'weights-not-finite']);

/** Behind which there may be too little memory. */
const mayLackMemory = new Set(['out-of-memory', 'engine-died']);

/** What stands in a run's way: that it failed, was interrupted or is paused, and how it goes on. */
export function RunNotice({ run }: { run: RunDetail }) {
  const repeat = useRepeat();
  const resume = useStudioCommand('runs.resume');
  const { status, failure } = run;
  if (status !== 'failed' && status !== 'interrupted' && status !== 'paused') return null;
  const last = run.checkpoints.at(-1);
  const kept =
    last === undefined ? 'There is no checkpoint yet.' : `The newest checkpoint is from epoch ${last}.`;
  const needsChange = failure !== null && cannotGoOn.has(failure.code);
  const { batchSize, imagesAtOnce = batchSize, fusedBackward } = run.request.train;
  const canTakeLess =
    failure !== null &&
    mayLackMemory.has(failure.code) &&
    Math.min(batchSize, imagesAtOnce) > 1 &&
    !fusedBackward;
  const title = {
    failed: failure?.message ?? 'The run failed.',
    interrupted: 'Screenfold closed during this run',
    paused: 'This run is paused',
  }[status];
  const text = {
    failed: `${failure?.hint ?? ''} ${kept}`.trim(),
    interrupted: `It can be resumed from its last saved state, with the same result. ${kept}`,
    paused: `It resumes at the step where it stopped. ${kept}`,
  }[status];
  return (
    <div style={{ marginTop: 12 }}>
      <Notice
        title={title}
        serious={status === 'failed'}
        actions={
          <>
            {status === 'failed' && (
              <Button
                size="xs"
                variant={needsChange ? 'filled' : 'default'}
                leftSection={<IconRepeat size={16} aria-hidden />}
                onClick={() => void repeat(run.id)}
              >
                Change its settings
              </Button>
            )}
            {canTakeLess && (
              <Button
                size="xs"
                variant="default"
                loading={resume.isPending}
                onClick={() => {
                  resume.mutate({ runId: run.id, oneAtATime: true }, { onError: showFailure });
                }}
              >
                Resume, one image at a time
              </Button>
            )}
            <RunControls run={run} resumeLeads={!needsChange} />
          </>
        }
        {...(status === 'paused' && { icon: <IconPlayerPause size={20} stroke={1.8} aria-hidden /> })}
      >
        {text}
      </Notice>
    </div>
  );
}
