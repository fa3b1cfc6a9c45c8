import { Alert, Group, Text } from '@mantine/core';
import { IconAlertTriangle, IconPlayerPause } from '@tabler/icons-react';
import type { RunDetail } from '../../../electron/contract/runs.ts';
import { RunControls } from './run-controls.tsx';

/** What stands in a run's way: that it failed, was interrupted or is paused, and how it goes on. */
export function RunNotice({ run }: { run: RunDetail }) {
  const { status, failure } = run;
  if (status !== 'failed' && status !== 'interrupted' && status !== 'paused') return null;
  const last = run.checkpoints.at(-1);
  const kept =
    last === undefined ? 'No checkpoint was written yet.' : `The newest checkpoint is of epoch ${last}.`;
  const title = {
    failed: failure?.message ?? 'The run failed.',
    interrupted: 'Screenfold ended while this run was under way',
    paused: 'This run is paused',
  }[status];
  const text = {
    failed: `${failure?.hint ?? ''} ${kept}`.trim(),
    interrupted: `It can go on where its state was last written, to the same result. ${kept}`,
    paused: `It goes on at the very step it stopped at. ${kept}`,
  }[status];
  return (
    <Alert
      color={status === 'failed' ? 'red' : 'yellow'}
      variant="light"
      mt="sm"
      icon={status === 'paused' ? <IconPlayerPause aria-hidden /> : <IconAlertTriangle aria-hidden />}
      title={title}
      role={status === 'failed' ? 'alert' : 'status'}
    >
      <Group justify="space-between" align="end" gap="md">
        <Text size="sm" maw={720} style={{ whiteSpace: 'pre-line' }}>
          {text}
        </Text>
        <Group gap="xs">
          <RunControls run={run} />
        </Group>
      </Group>
    </Alert>
  );
}
