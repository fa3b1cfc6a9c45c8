import { Button, FileButton } from '@mantine/core';
import { IconPhotoPlus } from '@tabler/icons-react';

import { showFailure } from '../../../studio/failure.ts';
import { useStudioCommand } from '../../../studio/studio.tsx';
import { chosenFiles } from './dropped-files.ts';
import type { ImportWays } from './use-import.ts';

const icon = <IconPhotoPlus size={16} aria-hidden />;

/** Chooses single files: by the platform's dialog where they can be read in place, else by the browser's. */
export function FilesButton({ ways }: { ways: ImportWays }) {
  const { mutate } = useStudioCommand('system.pick');
  if (window.screenfoldDesktop === undefined) {
    return (
      <FileButton
        multiple
        onChange={(files) => {
          if (files.length > 0) ways.fromFiles(chosenFiles(files));
        }}
      >
        {(props) => (
          <Button {...props} variant="default" leftSection={icon}>
            Add files…
          </Button>
        )}
      </FileButton>
    );
  }
  return (
    <Button
      variant="default"
      leftSection={icon}
      onClick={() => {
        mutate(
          { what: 'files', title: 'Choose images' },
          {
            onSuccess: ({ paths }) => {
              if (paths !== null && paths.length > 0) ways.fromPaths(paths);
            },
            onError: showFailure,
          },
        );
      }}
    >
      Add files…
    </Button>
  );
}
