import { Button } from '@mantine/core';
import { IconFolderPlus } from '@tabler/icons-react';

import { usePathPicker } from '../../components/path-picker.tsx';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand } from '../../studio/studio.tsx';

/** Adds the folder of a captioning model that a person has. */
export function AddCaptioner({ onAdded }: { onAdded?: (captionerId: number) => void }) {
  const add = useStudioCommand('captioners.add');
  const { pick, dialog } = usePathPicker({
    title: 'Folder of a captioning model',
    confirm: 'Add this folder',
    onPick: (path) => {
      add.mutate(
        { path },
        {
          onSuccess: ({ captionerId }) => {
            onAdded?.(captionerId);
          },
          onError: showFailure,
        },
      );
    },
  });
  return (
    <>
      <Button
        variant="default"
        loading={add.isPending}
        leftSection={<IconFolderPlus size={16} aria-hidden />}
        onClick={pick}
      >
        Add a model…
      </Button>
      {dialog}
    </>
  );
}
