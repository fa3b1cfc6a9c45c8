import { ActionIcon, Menu, Text } from '@mantine/core';
import { IconDots, IconFileExport, IconPencil, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';

import type { Lora } from '../../../electron/contract/loras.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { RenameDialog } from '../../components/rename-dialog.tsx';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand } from '../../studio/studio.tsx';
import { MergeDialog } from './merge-dialog.tsx';

export function LoraMenu({ lora }: { lora: Lora }) {
  const [open, setOpen] = useState<'rename' | 'merge' | 'remove' | null>(null);
  const close = () => {
    setOpen(null);
  };
  const rename = useStudioCommand('loras.rename');
  const remove = useStudioCommand('loras.remove');
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size={30} aria-label={`More for ${lora.name}`}>
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconFileExport size={16} />}
            disabled={lora.missing}
            onClick={() => {
              setOpen('merge');
            }}
          >
            Merge into a model…
          </Menu.Item>
          <Menu.Item
            leftSection={<IconPencil size={16} />}
            onClick={() => {
              setOpen('rename');
            }}
          >
            Rename…
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item
            c="var(--mantine-color-error)"
            leftSection={<IconTrash size={16} />}
            onClick={() => {
              setOpen('remove');
            }}
          >
            Remove…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <MergeDialog lora={lora} open={open === 'merge'} onClose={close} />
      <RenameDialog
        open={open === 'rename'}
        title="Rename LoRA"
        name={lora.name}
        busy={rename.isPending}
        onClose={close}
        onRename={(name) => {
          rename.mutate({ loraId: lora.id, name }, { onSuccess: close, onError: showFailure });
        }}
      />
      <ConfirmDialog
        open={open === 'remove'}
        title={`Remove ${lora.name}?`}
        confirm="Remove LoRA"
        busy={remove.isPending}
        onClose={close}
        onConfirm={() => {
          remove.mutate({ loraId: lora.id }, { onError: showFailure, onSettled: close });
        }}
      >
        <Text size="sm">
          It is removed from the list. A file that was sent to the library is deleted; one that was added from
          its place stays there.
        </Text>
      </ConfirmDialog>
    </>
  );
}
