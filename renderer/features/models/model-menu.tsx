import { ActionIcon, Menu, Text } from '@mantine/core';
import { IconDots, IconFolderOpen, IconPencil, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useLocation } from 'wouter';

import type { Model } from '../../../electron/contract/models.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { RenameDialog } from '../../components/rename-dialog.tsx';
import { useReveal } from '../../components/reveal-button.tsx';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand } from '../../studio/studio.tsx';

export function ModelMenu({ model }: { model: Model }) {
  const [open, setOpen] = useState<'rename' | 'remove' | null>(null);
  const close = () => {
    setOpen(null);
  };
  const [, goTo] = useLocation();
  const reveal = useReveal();
  const rename = useStudioCommand('models.rename');
  const remove = useStudioCommand('models.remove');
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size={30} aria-label={`More for ${model.name}`}>
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconPencil size={16} />}
            onClick={() => {
              setOpen('rename');
            }}
          >
            Rename…
          </Menu.Item>
          <Menu.Item
            leftSection={<IconFolderOpen size={16} />}
            disabled={model.missing}
            onClick={() => {
              reveal({ kind: 'model', modelId: model.id });
            }}
          >
            Show in the file manager
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item
            color="red"
            leftSection={<IconTrash size={16} />}
            disabled={model.kind === 'embedded'}
            onClick={() => {
              setOpen('remove');
            }}
          >
            {model.kind === 'embedded' ? 'Comes with Screenfold' : 'Remove…'}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <RenameDialog
        open={open === 'rename'}
        title="Rename model"
        name={model.name}
        busy={rename.isPending}
        onClose={close}
        onRename={(name) => {
          rename.mutate({ modelId: model.id, name }, { onSuccess: close, onError: showFailure });
        }}
      />
      <ConfirmDialog
        open={open === 'remove'}
        title={`Remove ${model.name}?`}
        confirm="Remove model"
        busy={remove.isPending}
        onClose={close}
        onConfirm={() => {
          remove.mutate(
            { modelId: model.id },
            {
              onSuccess: () => {
                goTo('/models', { replace: true });
              },
              onError: showFailure,
              onSettled: close,
            },
          );
        }}
      >
        <Text size="sm">
          {model.kind === 'finetune'
            ? 'Its folder is deleted. The run it came from stays, and you can keep the model again.'
            : 'It is removed from the list. What lies on the disk stays.'}
        </Text>
      </ConfirmDialog>
    </>
  );
}
