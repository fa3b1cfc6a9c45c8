import { ActionIcon, Menu } from '@mantine/core';
import { IconAdjustments, IconBoxModel2, IconDots, IconFileExport } from '@tabler/icons-react';
import { useState } from 'react';
import { useLocation } from 'wouter';

import type { RunDetail } from '../../../electron/contract/runs.ts';
import { ExportModelDialog } from '../../components/export-model-dialog.tsx';
import { keepable, KeepModelDialog } from '../../components/keep-model-dialog.tsx';

/** What can be done with a checkpoint. */
export function EpochMenu({ run, epoch }: { run: RunDetail; epoch: number }) {
  const [open, setOpen] = useState<'export' | 'keep' | null>(null);
  const [, goTo] = useLocation();
  const close = () => {
    setOpen(null);
  };
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size={24} aria-label={`Actions for epoch ${epoch}`}>
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconFileExport size={16} />}
            onClick={() => {
              setOpen('export');
            }}
          >
            Export epoch {epoch}…
          </Menu.Item>
          <Menu.Item
            leftSection={<IconAdjustments size={16} />}
            onClick={() => {
              goTo(`/bench?run=${run.id}&epoch=${epoch}`);
            }}
          >
            Make pictures with it
          </Menu.Item>
          {keepable(run) && (
            <Menu.Item
              leftSection={<IconBoxModel2 size={16} />}
              onClick={() => {
                setOpen('keep');
              }}
            >
              Keep as a model…
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <ExportModelDialog run={run} epoch={epoch} open={open === 'export'} onClose={close} />
      <KeepModelDialog run={run} epoch={epoch} open={open === 'keep'} onClose={close} />
    </>
  );
}
