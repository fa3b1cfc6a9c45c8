import { Box, Button, Group, Loader, Modal, Stack, Text, TextInput, UnstyledButton } from '@mantine/core';
import { IconArrowUp, IconBoxModel2, IconFile, IconFolder, IconPhoto } from '@tabler/icons-react';
import { type KeyboardEvent, useState } from 'react';

import type { FolderListing } from '../../electron/contract/system.ts';
import { useStudioQuery } from '../studio/studio.tsx';
import { FailureNote } from './failure-note.tsx';
import classes from './folder-chooser.module.css';
import { countOf } from './quantities.ts';

type Entry = FolderListing['entries'][number];

const icons = { folder: IconFolder, model: IconBoxModel2, image: IconPhoto, file: IconFile } as const;

/** A dialog for choosing a folder on the studio's machine, where the platform's own cannot be had. */
export function FolderChooser({
  open,
  title,
  confirm,
  onChoose,
  onClose,
}: {
  open: boolean;
  title: string;
  /** What the button says, as `Add folder`. */
  confirm: string;
  /** Takes an absolute path. */
  onChoose: (folder: string) => void;
  onClose: () => void;
}) {
  return (
    <Modal opened={open} onClose={onClose} title={title} size="xl" centered>
      <Chooser confirm={confirm} onChoose={onChoose} onClose={onClose} />
    </Modal>
  );
}

function Chooser({
  confirm,
  onChoose,
  onClose,
}: {
  confirm: string;
  onChoose: (folder: string) => void;
  onClose: () => void;
}) {
  const [folder, setFolder] = useState<string | null>(null);
  const [typed, setTyped] = useState<string | null>(null);
  const {
    data: listing,
    error,
    isFetching,
  } = useStudioQuery('system.browse', { folder }, { keepPrevious: true });
  const go = (to: string) => {
    setFolder(to);
    setTyped(null);
  };
  const shown = typed ?? listing?.folder ?? '';
  const pending = typed !== null && typed.trim() !== '' && typed !== listing?.folder;
  return (
    <Stack gap="sm">
      <Group gap="xs" wrap="nowrap">
        <Button
          variant="default"
          px="xs"
          aria-label="One folder up"
          disabled={listing?.parent == null}
          onClick={() => {
            if (listing?.parent != null) go(listing.parent);
          }}
        >
          <IconArrowUp size={16} aria-hidden />
        </Button>
        <TextInput
          aria-label="Folder"
          value={shown}
          onChange={({ currentTarget }) => {
            setTyped(currentTarget.value);
          }}
          onKeyDown={({ key }) => {
            if (key === 'Enter' && pending) go(shown.trim());
          }}
          rightSection={isFetching ? <Loader size={14} /> : null}
          data-autofocus
          flex={1}
        />
      </Group>
      <Box className={classes.body}>
        <nav className={classes.shortcuts} aria-label="Shortcuts">
          {listing?.shortcuts.map(({ name, path }) => (
            <UnstyledButton
              key={path}
              className={classes.entry}
              data-here={path === listing.folder || undefined}
              onClick={() => {
                go(path);
              }}
            >
              <span className={classes.name}>{name}</span>
            </UnstyledButton>
          ))}
        </nav>
        {error !== null ? (
          <Box p="sm" flex={1}>
            <FailureNote error={error} />
          </Box>
        ) : (
          <Entries key={listing?.folder} entries={listing?.entries} onOpen={go} />
        )}
      </Box>
      <Group justify="space-between">
        <Text size="sm" c="dimmed" className="figures">
          {listing === undefined || error !== null
            ? ' '
            : listing.images === 0
              ? 'No images directly in this folder'
              : `${countOf(listing.images, 'image')} directly in this folder`}
        </Text>
        <Group gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            disabled={shown.trim() === '' || (error !== null && !pending)}
            onClick={() => {
              onChoose(shown.trim());
            }}
          >
            {confirm}
          </Button>
        </Group>
      </Group>
    </Stack>
  );
}

function Entries({
  entries,
  onOpen,
}: {
  entries: readonly Entry[] | undefined;
  onOpen: (folder: string) => void;
}) {
  const inFolders = (entry: Entry) => entry.kind === 'folder' || entry.kind === 'model';
  return (
    <div className={classes.entries} onKeyDown={moveFocus}>
      {entries?.length === 0 && (
        <Text size="sm" c="dimmed" p="md">
          This folder is empty.
        </Text>
      )}
      {entries?.map((entry) => {
        const Icon = icons[entry.kind];
        return (
          <UnstyledButton
            key={entry.path}
            className={classes.entry}
            disabled={!inFolders(entry)}
            onClick={() => {
              onOpen(entry.path);
            }}
          >
            <Icon size={16} stroke={1.6} aria-hidden />
            <span className={classes.name}>{entry.name}</span>
            {entry.kind === 'model' && <span className={classes.kind}>model</span>}
          </UnstyledButton>
        );
      })}
    </div>
  );
}

/** Up and down go through the folders, as in any list. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (step === 0) return;
  const buttons = [...event.currentTarget.querySelectorAll<HTMLButtonElement>('button:enabled')];
  const at = buttons.findIndex((button) => button === document.activeElement);
  buttons[at + step]?.focus();
  event.preventDefault();
}
