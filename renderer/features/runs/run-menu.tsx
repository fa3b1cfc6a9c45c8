import { ActionIcon, Menu } from '@mantine/core';
import {
  IconCopy,
  IconDots,
  IconEraser,
  IconFolderOpen,
  IconPencil,
  IconRepeat,
  IconTrash,
} from '@tabler/icons-react';
import { useState } from 'react';
import { useLocation } from 'wouter';

import type { RunSummary } from '../../../electron/contract/runs.ts';
import { RenameDialog } from '../../components/rename-dialog.tsx';
import { useReveal } from '../../components/reveal-button.tsx';
import { showFailure } from '../../studio/failure.ts';
import { useStudio, useStudioCommand } from '../../studio/studio.tsx';
import { useDraft } from '../train/draft-context.ts';
import { FreeState } from './free-state.tsx';
import { RemoveRun } from './remove-run.tsx';
import { hasEnded, isUnderWay } from './run-status.ts';

/** What can be done with a run besides pausing and stopping it. */
export function RunMenu({ run }: { run: RunSummary }) {
  const [open, setOpen] = useState<'rename' | 'free' | 'remove' | null>(null);
  const close = () => {
    setOpen(null);
  };
  const [, goTo] = useLocation();
  const reveal = useReveal();
  const repeat = useRepeat();
  const rename = useStudioCommand('runs.rename');
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
          <Menu.Item
            leftSection={<IconEraser size={16} />}
            disabled={!hasEnded(run.status)}
            onClick={() => {
              setOpen('free');
            }}
          >
            Free disk space…
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item
            c="var(--mantine-color-error)"
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
      <FreeState run={run} open={open === 'free'} onClose={close} />
      <RemoveRun run={run} open={open === 'remove'} onClose={close} />
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
