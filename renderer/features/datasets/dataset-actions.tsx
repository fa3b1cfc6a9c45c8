import { ActionIcon, Button, Menu, Tooltip } from '@mantine/core';
import {
  IconArrowBackUp,
  IconArrowForwardUp,
  IconFlame,
  IconFolderPlus,
  IconPlus,
  IconRefresh,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';

import type { DatasetDetail } from '../../../electron/contract/datasets.ts';
import { usePathPicker } from '../../components/path-picker.tsx';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand } from '../../studio/studio.tsx';
import { useDraft } from '../train/draft-context.ts';
import classes from './dataset-screen.module.css';
import type { ImportWays } from './import/use-import.ts';
import { useUndo } from './use-undo.ts';

/** What can be done with the whole data set, on the bar of its screen. */
export function DatasetActions({ dataset, ways }: { dataset: DatasetDetail; ways: ImportWays }) {
  const { undo, redo } = useUndo(dataset.id);
  const { chooseDataset } = useDraft();
  return (
    <>
      <Step
        label="Undo"
        keys="Ctrl+Z"
        what={dataset.undo}
        onClick={undo}
        icon={<IconArrowBackUp size={18} />}
      />
      <Step
        label="Redo"
        keys="Ctrl+Shift+Z"
        what={dataset.redo}
        onClick={redo}
        icon={<IconArrowForwardUp size={18} />}
      />
      <AddMenu dataset={dataset} ways={ways} />
      <Button
        component={Link}
        href="/train"
        classNames={{ section: classes.adornment }}
        leftSection={<IconFlame size={16} aria-hidden />}
        onClick={() => {
          chooseDataset(dataset.id);
        }}
      >
        Train
      </Button>
    </>
  );
}

function Step({
  label,
  keys,
  what,
  icon,
  onClick,
}: {
  label: string;
  keys: string;
  /** In words; null where there is nothing. */
  what: string | null;
  icon: ReactNode;
  onClick: () => void;
}) {
  return (
    <Tooltip label={what === null ? `Nothing to ${label.toLowerCase()}` : `${label}: ${what} (${keys})`}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={what === null ? label : `${label}: ${what}`}
        aria-keyshortcuts={keys.replace('Ctrl', 'Control')}
        style={what === null ? { opacity: 0.4 } : {}}
        aria-disabled={what === null}
        onClick={() => {
          if (what !== null) onClick();
        }}
      >
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}

function AddMenu({ dataset, ways }: { dataset: DatasetDetail; ways: ImportWays }) {
  const rescan = useStudioCommand('datasets.rescan');
  const { pick, dialog } = usePathPicker({
    title: `Add a folder to ${dataset.name}`,
    confirm: 'Add this folder',
    onPick: (folder) => {
      ways.fromPaths([folder]);
    },
  });
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button
            variant="default"
            classNames={{ section: classes.adornment }}
            leftSection={<IconPlus size={16} aria-hidden />}
          >
            Add images
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconFolderPlus size={16} aria-hidden />} onClick={pick}>
            A folder…
          </Menu.Item>
          <Menu.Item
            leftSection={<IconRefresh size={16} aria-hidden />}
            disabled={dataset.folder === null || dataset.importing}
            onClick={() => {
              rescan.mutate({ datasetId: dataset.id }, { onError: showFailure });
            }}
          >
            Read its folder again
          </Menu.Item>
          <Menu.Label>Or drop images anywhere on this screen</Menu.Label>
        </Menu.Dropdown>
      </Menu>
      {dialog}
    </>
  );
}
