import { List, Text } from '@mantine/core';
import { useLocation } from 'wouter';

import type { Model } from '../../../electron/contract/models.ts';
import { bytesText } from '../../../electron/contract/quantities.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { useRemovals } from '../../studio/removals.tsx';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';

interface RemoveProps {
  readonly model: Model;
  readonly open: boolean;
  readonly onClose: () => void;
}

/** Asks before a model goes: what came of it, and what is lost. */
export function RemoveModel(props: RemoveProps) {
  return props.open ? <Asking {...props} /> : null;
}

function Asking({ model, open, onClose }: RemoveProps) {
  const { id, name, kind, bytes } = model;
  const [, goTo] = useLocation();
  const { remove } = useRemovals();
  const { mutateAsync } = useStudioCommand('models.remove');
  const runs = useStudioQuery('runs.list', {}).data?.filter((run) => run.baseModelId === id) ?? [];
  const hasLora = runs.some(({ method }) => method === 'lora');
  return (
    <ConfirmDialog
      open={open}
      title={`Remove ${name}?`}
      confirm="Remove model"
      onClose={onClose}
      onConfirm={() => {
        onClose();
        goTo('/models', { replace: true });
        remove(name, 'models.list', id, () => mutateAsync({ modelId: id }));
      }}
    >
      <Text size="sm" mb={6}>
        {kind === 'finetune'
          ? `Its folder is deleted (${bytesText(bytes)}). The run it came from stays, and you can keep the model again.`
          : 'It is removed from the list. Its file or folder stays, unless you dropped it in a browser: then Screenfold has the only copy it made, and deletes that.'}
      </Text>
      {runs.length > 0 && (
        <List size="sm">
          <List.Item>
            {runs.length === 1 ? 'The run ' : 'The runs '}
            {runs.map((run) => run.name).join(', ')} began with it and {runs.length === 1 ? 'stays' : 'stay'}
            {hasLora && '; a LoRA among them can make new pictures, and be exported, only with it'}.
          </List.Item>
        </List>
      )}
    </ConfirmDialog>
  );
}
