import { Button, CopyButton, Group, Text } from '@mantine/core';
import { useState } from 'react';

import { usePathPicker } from '../../components/path-picker.tsx';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';
import { Section } from './section.tsx';
import classes from './settings-screen.module.css';

/** Where the studio keeps everything of its own. */
export function LibrarySection() {
  const { data: info } = useStudioQuery('system.info', {});
  const [next, setNext] = useState<string | null>(null);
  const { mutate: move, isPending } = useStudioCommand('system.setLibraryFolder');
  const { mutate: reveal } = useStudioCommand('system.reveal');
  const { pick, dialog } = usePathPicker({
    title: 'Choose a library folder',
    confirm: 'Use this folder',
    onPick: (folder) => {
      move(
        { folder },
        {
          onSuccess: () => {
            setNext(folder);
          },
          onError: showFailure,
        },
      );
    },
  });
  const folder = info?.libraryFolder ?? ' ';
  return (
    <Section
      title="Library"
      about="Captions, runs, checkpoints and pictures. Your images stay where they are and are never changed."
    >
      <div>
        <p className={classes.path}>{folder}</p>
        {next !== null && (
          <Text size="sm" c="var(--sf-accent)" role="status">
            From the next start on: {next}. The folder above stays as it is.
          </Text>
        )}
      </div>
      <Group gap="xs">
        <Button variant="default" onClick={pick} loading={isPending}>
          Use another folder…
        </Button>
        {info?.host === 'desktop' ? (
          <Button
            variant="default"
            onClick={() => {
              reveal({ target: { kind: 'library' } }, { onError: showFailure });
            }}
          >
            Show in the file manager
          </Button>
        ) : (
          <CopyButton value={folder}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy}>
                {copied ? 'Copied' : 'Copy path'}
              </Button>
            )}
          </CopyButton>
        )}
      </Group>
      {dialog}
    </Section>
  );
}
