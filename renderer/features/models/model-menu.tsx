import { ActionIcon, Menu } from '@mantine/core';
import { IconDots, IconFolderOpen, IconPencil, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';

import type { Model } from '../../../electron/contract/models.ts';
import { RenameDialog } from '../../components/rename-dialog.tsx';
import { useReveal } from '../../components/reveal-button.tsx';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand } from '../../studio/studio.tsx';
import { RemoveModel } from './remove-model.tsx';

export function ModelMenu({ model }: { model: Model }) {
  const [open, setOpen] = useState<'rename' | 'remove' | null>(null);
  const close = () => {
    setOpen(null);
  };
  const reveal = useReveal();
  const rename = useStudioCommand('models.rename');
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
            c="var(--mantine-color-error)"
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
      <RemoveModel model={model} open={open === 'remove'} onClose={close} />
    </>
  );
}
