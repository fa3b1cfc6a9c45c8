import { Button, Kbd, Skeleton, Stack, Text } from '@mantine/core';
import { IconFolderPlus, IconPhotoPlus } from '@tabler/icons-react';

import { EmptyState } from '../../components/empty-state.tsx';
import { FailureNote } from '../../components/failure-note.tsx';
import { usePathPicker } from '../../components/path-picker.tsx';
import { Screen } from '../../components/screen.tsx';
import { useStudioQuery } from '../../studio/studio.tsx';
import { DatasetCard } from './dataset-card.tsx';
import classes from './datasets-screen.module.css';
import { DropZone } from './import/drop-zone.tsx';
import { FilesButton } from './import/files-button.tsx';
import { SendingStrip } from './import/import-strip.tsx';
import { useImport } from './import/use-import.ts';

/** All data sets, and every way for new ones to come in. */
export function DatasetsScreen() {
  const { data: datasets, error, refetch } = useStudioQuery('datasets.list', {});
  const ways = useImport();
  const { pick, dialog } = usePathPicker({
    title: 'Choose a folder of images',
    confirm: 'Add this folder',
    onPick: (folder) => {
      ways.fromPaths([folder]);
    },
  });
  const addFolder = (
    <Button leftSection={<IconFolderPlus size={16} aria-hidden />} onClick={pick}>
      Add folder…
    </Button>
  );
  return (
    <DropZone ways={ways} label="Drop to make a data set">
      <Screen
        title="Data sets"
        actions={
          <>
            <FilesButton ways={ways} />
            {addFolder}
          </>
        }
      >
        <Stack gap="lg" h="100%">
          <SendingStrip />
          {error !== null && <FailureNote error={error} onRetry={() => void refetch()} />}
          {datasets === undefined && error === null && <Waiting />}
          {datasets?.length === 0 && (
            <EmptyState
              icon={<IconPhotoPlus size={40} stroke={1.2} />}
              title="No data sets yet"
              action={addFolder}
            >
              Drop a folder of images anywhere on this screen. Caption files beside the images, metadata
              tables and kohya’s folder names are understood; your files are never changed.
            </EmptyState>
          )}
          {datasets !== undefined && datasets.length > 0 && (
            <>
              <ul className={classes.grid}>
                {datasets.map((dataset) => (
                  <DatasetCard key={dataset.id} dataset={dataset} />
                ))}
              </ul>
              <Text size="sm" c="dimmed">
                Drop a folder or images anywhere to add another, or paste a path with{' '}
                <Kbd size="xs">Ctrl V</Kbd>. Images are read where they are and never changed.
              </Text>
            </>
          )}
        </Stack>
      </Screen>
      {dialog}
    </DropZone>
  );
}

function Waiting() {
  return (
    <div className={classes.grid} aria-label="Loading" role="status">
      {[0, 1, 2].map((at) => (
        <Skeleton key={at} height={196} radius={4} />
      ))}
    </div>
  );
}
