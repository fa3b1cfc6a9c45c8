import { Box, Button, Group, Loader, Modal, Stack, Text, TextInput, UnstyledButton } from '@mantine/core';
import { IconArrowUp, IconBoxModel2, IconFile, IconFolder, IconPhoto } from '@tabler/icons-react';
import { type KeyboardEvent, useState } from 'react';

import { StudioFailure } from '../../electron/connection/studio-failure.ts';
import { isModelFile } from '../../electron/contract/models.ts';
import type { FolderListing } from '../../electron/contract/system.ts';
import { useStudioQuery } from '../studio/studio.tsx';
import { FailureNote } from './failure-note.tsx';
import classes from './folder-chooser.module.css';
import { countOf } from './quantities.ts';

/** What can be chosen: a folder, or a file that may hold a model or a GPU pack. */
export type Pickable = 'folder' | 'model-file' | 'gpu-pack';

type Entry = FolderListing['entries'][number];

const icons = {
  folder: IconFolder,
  model: IconBoxModel2,
  'model-file': IconBoxModel2,
  image: IconPhoto,
  file: IconFile,
} as const;

interface FileKind {
  readonly takes: (path: string) => boolean;
  /** What a path that is none of them is not. */
  readonly name: string;
  readonly hint: string;
}

const fileKinds: Readonly<Record<Exclude<Pickable, 'folder'>, FileKind>> = {
  'model-file': {
    takes: isModelFile,
    name: 'a model file',
    hint: 'Choose a .safetensors or .ckpt file, or the folder that it lies in.',
  },
  'gpu-pack': {
    takes: (path) => path.toLowerCase().endsWith('.zip'),
    name: 'a zip file',
    hint: 'Choose the file screenfold-gpu-….zip, or the folder that it lies in.',
  },
};

/** A dialog for choosing a folder or a file on the studio's machine, where the platform's own cannot be had. */
export function FolderChooser({
  open,
  what,
  title,
  confirm,
  onChoose,
  onClose,
}: {
  open: boolean;
  what: Pickable;
  title: string;
  /** What the button says, as `Add folder`. */
  confirm: string;
  /** Takes an absolute path. */
  onChoose: (folder: string) => void;
  onClose: () => void;
}) {
  return (
    <Modal opened={open} onClose={onClose} title={title} size="xl" centered>
      <Chooser what={what} confirm={confirm} onChoose={onChoose} onClose={onClose} />
    </Modal>
  );
}

function Chooser({
  what,
  confirm,
  onChoose,
  onClose,
}: {
  what: Pickable;
  confirm: string;
  onChoose: (folder: string) => void;
  onClose: () => void;
}) {
  const [folder, setFolder] = useState<string | null>(null);
  const [typed, setTyped] = useState<string | null>(null);
  const { data, error, isFetching } = useStudioQuery('system.browse', { folder }, { keepPrevious: true });
  // Where one cannot go, the ways from the place before stay, and what was typed can be corrected.
  const [last, setLast] = useState(data);
  if (data !== undefined && data !== last) setLast(data);
  const listing = data ?? last;
  const go = (to: string) => {
    setFolder(to);
    setTyped(null);
  };
  const shown = typed ?? (error === null ? listing?.folder : folder) ?? '';
  const file = what === 'folder' ? null : fileKinds[what];
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
          aria-label={what === 'folder' ? 'Folder' : 'File'}
          value={shown}
          onChange={({ currentTarget }) => {
            setTyped(currentTarget.value);
          }}
          onKeyDown={({ key }) => {
            if (key !== 'Enter' || !pending) return;
            if (file?.takes(shown.trim()) !== true) go(shown.trim());
            else onChoose(shown.trim());
          }}
          rightSection={isFetching ? <Loader size={14} /> : null}
          data-autofocus
          flex={1}
        />
      </Group>
      <Box className={classes.body}>
        <Shortcuts listing={listing} onOpen={go} />
        {error !== null ? (
          <Box p="sm" flex={1}>
            <FailureNote error={file === null ? error : notToBeTaken(shown, file)} />
          </Box>
        ) : (
          <Entries
            key={listing?.folder}
            file={file}
            chosen={typed}
            entries={listing?.entries}
            onOpen={go}
            onChoose={setTyped}
          />
        )}
      </Box>
      <Group justify="space-between">
        <Text size="sm" c="dimmed" className="figures">
          {listing === undefined || error !== null ? ' ' : contentsOf(file, listing)}
        </Text>
        <Group gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            disabled={
              file === null ? shown.trim() === '' || (error !== null && !pending) : !file.takes(shown.trim())
            }
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

function notToBeTaken(path: string, { name, hint }: FileKind): StudioFailure {
  return new StudioFailure({
    code: 'file-unusable',
    message: `${path} is neither ${name} nor a folder that can be opened.`,
    hint,
  });
}

function Shortcuts({
  listing,
  onOpen,
}: {
  listing: FolderListing | undefined;
  onOpen: (folder: string) => void;
}) {
  return (
    <nav className={classes.shortcuts} aria-label="Shortcuts">
      {listing?.shortcuts.map(({ name, path }) => (
        <UnstyledButton
          key={path}
          className={classes.entry}
          data-here={path === listing.folder || undefined}
          onClick={() => {
            onOpen(path);
          }}
        >
          <span className={classes.name}>{name}</span>
        </UnstyledButton>
      ))}
    </nav>
  );
}

function contentsOf(file: FileKind | null, { images, entries }: FolderListing): string {
  if (file !== null) {
    const isThere = entries.some((entry) => isChoosable(entry, file));
    return isThere ? 'Choose a file' : 'No such files directly in this folder';
  }
  return images === 0
    ? 'No images directly in this folder'
    : `${countOf(images, 'image')} directly in this folder`;
}

const opens = ({ kind }: Entry) => kind === 'folder' || kind === 'model';
const isChoosable = (entry: Entry, file: FileKind | null) =>
  !opens(entry) && file?.takes(entry.path) === true;

function Entries({
  file,
  chosen,
  entries,
  onOpen,
  onChoose,
}: {
  file: FileKind | null;
  /** The path of the file that is chosen. */
  chosen: string | null;
  entries: readonly Entry[] | undefined;
  onOpen: (folder: string) => void;
  onChoose: (file: string) => void;
}) {
  return (
    <div className={classes.entries} onKeyDown={moveFocus}>
      {entries?.length === 0 && (
        <Text size="sm" c="dimmed" p={8}>
          This folder is empty.
        </Text>
      )}
      {entries?.map((entry) => {
        const Icon = icons[entry.kind];
        return (
          <UnstyledButton
            key={entry.path}
            className={classes.entry}
            disabled={!opens(entry) && !isChoosable(entry, file)}
            data-here={entry.path === chosen || undefined}
            onClick={() => {
              if (isChoosable(entry, file)) onChoose(entry.path);
              else onOpen(entry.path);
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
