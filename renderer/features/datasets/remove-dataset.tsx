import { List, Text } from '@mantine/core';

import type { RunSummary } from '../../../electron/contract/runs.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { countOf } from '../../components/quantities.ts';
import { useRemovals } from '../../studio/removals.tsx';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';

interface RemoveProps {
  readonly datasetId: number;
  readonly name: string;
  readonly open: boolean;
  readonly onClose: () => void;
}

const needing: readonly RunSummary['status'][] = [
  'queued',
  'preparing',
  'training',
  'stopping',
  'paused',
  'interrupted',
];

/** Asks before a data set goes: what uses it, and what is lost. */
export function RemoveDataset(props: RemoveProps) {
  // Asked for when somebody wants to know.
  return props.open ? <Asking {...props} /> : null;
}

function Asking({ datasetId, name, open, onClose }: RemoveProps) {
  const { remove } = useRemovals();
  const { mutateAsync } = useStudioCommand('datasets.remove');
  const runs = useStudioQuery('runs.list', {}).data?.filter((run) => run.datasetId === datasetId) ?? [];
  const sets = useStudioQuery('captions.sets', { datasetId }).data ?? [];
  const needed = runs.find(({ status }) => needing.includes(status));
  const byHand = sets.reduce((sum, set) => sum + set.byHand, 0);
  return (
    <ConfirmDialog
      open={open}
      title={`Remove ${name}?`}
      confirm="Remove data set"
      hindered={needed !== undefined}
      onClose={onClose}
      onConfirm={() => {
        onClose();
        remove(name, 'datasets.list', datasetId, () => mutateAsync({ datasetId }));
      }}
    >
      {needed === undefined ? (
        <>
          <Text size="sm" mb={6}>
            The studio forgets its images and all of its captions. Your image files stay where they are.
          </Text>
          <List size="sm" spacing={4}>
            {sets.length > 0 && (
              <List.Item>
                Lost: {countOf(sets.length, 'caption set')}
                {byHand > 0 && `, with ${countOf(byHand, 'caption')} written by hand`}, and what is excluded
                and held out.
              </List.Item>
            )}
            {runs.length > 0 && (
              <List.Item>
                {runs.length === 1 ? 'The run ' : 'The runs '}
                {runs.map((run) => run.name).join(', ')}{' '}
                {runs.length === 1 ? 'was trained on it and stays' : 'were trained on it and stay'}, with
                pictures and checkpoints.
              </List.Item>
            )}
          </List>
        </>
      ) : (
        `The run ${needed.name} needs it and has not ended. Let it finish, or stop it for good.`
      )}
    </ConfirmDialog>
  );
}
