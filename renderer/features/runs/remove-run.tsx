import { List, Text } from '@mantine/core';
import { useLocation } from 'wouter';

import { bytesText } from '../../../electron/contract/quantities.ts';
import type { RunSummary } from '../../../electron/contract/runs.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { countOf } from '../../components/quantities.ts';
import { useRemovals } from '../../studio/removals.tsx';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';

interface RemoveProps {
  readonly run: RunSummary;
  readonly open: boolean;
  readonly onClose: () => void;
}

/** Asks before a run goes: what of it is lost, and what stays. */
export function RemoveRun(props: RemoveProps) {
  return props.open ? <Asking {...props} /> : null;
}

function Asking({ run, open, onClose }: RemoveProps) {
  const { id, name, checkpoints } = run;
  const [location, goTo] = useLocation();
  const { remove } = useRemovals();
  const { mutateAsync } = useStudioCommand('runs.remove');
  const bytes = useStudioQuery('runs.get', { runId: id }).data?.bytes;
  const kept = useStudioQuery('models.list', {}).data?.filter((model) => model.runId === id) ?? [];
  const favourites =
    useStudioQuery('gallery.favourites', {}).data?.filter((sample) => sample.runId === id) ?? [];
  return (
    <ConfirmDialog
      open={open}
      title={`Remove ${name}?`}
      confirm="Remove run"
      onClose={onClose}
      onConfirm={() => {
        onClose();
        if (location === `/runs/${id}`) goTo('/runs', { replace: true });
        remove(name, 'runs.list', id, () => mutateAsync({ runId: id }));
      }}
    >
      <Text size="sm" mb={6}>
        {checkpoints.length === 0
          ? 'Its folder is deleted from the disk'
          : `Its ${countOf(checkpoints.length, 'checkpoint')} and all its pictures are deleted from the disk`}
        {bytes === undefined ? '' : `, ${bytesText(bytes)}`}. What was exported or kept as a model stays.
      </Text>
      {(kept.length > 0 || favourites.length > 0) && (
        <List size="sm" spacing={4}>
          {favourites.length > 0 && <List.Item>Lost: {countOf(favourites.length, 'favourite')}.</List.Item>}
          {kept.length > 0 && (
            <List.Item>
              {kept.length === 1 ? 'The model ' : 'The models '}
              {kept.map((model) => model.name).join(', ')} {kept.length === 1 ? 'stays' : 'stay'}.
            </List.Item>
          )}
        </List>
      )}
    </ConfirmDialog>
  );
}
