import { ActionIcon, Menu, Text } from '@mantine/core';
import { IconCopy, IconDots, IconFolderOpen, IconPencil, IconRepeat, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useLocation } from 'wouter';

import type { RunSummary } from '../../../electron/contract/runs.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { countOf } from '../../components/quantities.ts';
import { RenameDialog } from '../../components/rename-dialog.tsx';
import { useReveal } from '../../components/reveal-button.tsx';
import { showFailure } from '../../studio/failure.ts';
import { useStudio, useStudioCommand } from '../../studio/studio.tsx';
import { useDraft } from '../train/draft-context.ts';
import { isUnderWay } from './run-status.ts';

/** What can be done with a run besides pausing and stopping it. */
export function RunMenu({ run }: { run: RunSummary }) {
  const [open, setOpen] = useState<'rename' | 'remove' | null>(null);
  const close = () => {
    setOpen(null);
  };
  const [location, goTo] = useLocation();
  const reveal = useReveal();
  const repeat = useRepeat();
  const rename = useStudioCommand('runs.rename');
  const remove = useStudioCommand('runs.remove');
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`More for ${run.name}`}>
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconRepeat size={16} />} onClick={() => void repeat(run.id)}>
            Use its settings again
          </Menu.Item>
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
            onClick={() => {
              reveal({ kind: 'run', runId: run.id });
            }}
          >
            Show in the file manager
          </Menu.Item>
          <Menu.Item
            leftSection={<IconCopy size={16} />}
            onClick={() => {
              goTo(`/compare?runs=${run.id}`);
            }}
          >
            Compare its epochs
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item
            color="red"
            leftSection={<IconTrash size={16} />}
            disabled={isUnderWay(run.status)}
            onClick={() => {
              setOpen('remove');
            }}
          >
            Remove…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <RenameDialog
        open={open === 'rename'}
        title="Rename run"
        name={run.name}
        busy={rename.isPending}
        onClose={close}
        onRename={(name) => {
          rename.mutate({ runId: run.id, name }, { onSuccess: close, onError: showFailure });
        }}
      />
      <ConfirmDialog
        open={open === 'remove'}
        title={`Remove ${run.name}?`}
        confirm="Remove run"
        busy={remove.isPending}
        onClose={close}
        onConfirm={() => {
          remove.mutate(
            { runId: run.id },
            {
              onSuccess: () => {
                if (location === `/runs/${run.id}`) goTo('/runs', { replace: true });
              },
              onError: showFailure,
              onSettled: close,
            },
          );
        }}
      >
        <Text size="sm">
          {run.checkpoints.length === 0
            ? 'Its folder is deleted.'
            : `Its ${countOf(run.checkpoints.length, 'checkpoint')} and all its pictures are deleted from the disk.`}{' '}
          What was exported or kept as a model stays.
        </Text>
      </ConfirmDialog>
    </>
  );
}

/** Fills the form with a run's settings and goes there. */
export function useRepeat(): (runId: number) => Promise<void> {
  const studio = useStudio();
  const { fillFrom } = useDraft();
  const [, goTo] = useLocation();
  return async (runId) => {
    try {
      const { request } = await studio.call('runs.get', { runId });
      fillFrom(request);
      goTo('/train');
    } catch (error) {
      showFailure(error);
    }
  };
}
