import type { Given } from '../../../../electron/contract/without-images.ts';

/** A file that was dropped or chosen, with its place below what was dropped, by forward slashes. */
export interface DroppedFile {
  readonly path: string;
  readonly file: File;
}

/** What the walk needs of the browser's entries; real ones have more. */
export interface Entry {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly name: string;
}
interface FileEntry extends Entry {
  file(done: (file: File) => void, failed: (error: DOMException) => void): void;
}
interface FolderEntry extends Entry {
  createReader(): {
    readEntries(done: (entries: Entry[]) => void, failed: (error: DOMException) => void): void;
  };
}

/**
 * Entries of a drop. To be called while the drop event is handled: a browser empties its list right after.
 */
export function droppedEntries(transfer: DataTransfer): readonly FileSystemEntry[] {
  return [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
}

/** Top-level files and folders of a drop as `File`s, folders too: by these the desktop tells where they lie. */
export function droppedRoots(transfer: DataTransfer): readonly File[] {
  return [...transfer.files];
}

/** All files below the entries, folders walked to the bottom; hidden files, such as `.DS_Store`, left out. */
export async function walk(entries: readonly Entry[], folder = ''): Promise<readonly DroppedFile[]> {
  const found: DroppedFile[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isFile) found.push({ path, file: await fileOf(entry as FileEntry) });
    // One after the other into one array: spreading as many as a folder may hold would overflow the stack.
    else for (const below of await walk(await entriesOf(entry as FolderEntry), path)) found.push(below);
  }
  return found;
}

/** Files chosen by an `<input type="file" webkitdirectory>` or without folders. */
export function chosenFiles(files: Iterable<File>): readonly DroppedFile[] {
  return [...files]
    .map((file) => ({ path: file.webkitRelativePath === '' ? file.name : file.webkitRelativePath, file }))
    .filter(({ path }) => !path.split('/').some((part) => part.startsWith('.')));
}

/** What was dropped or chosen, as a person sees it: single files, and folders with all that is in them. */
export function givenOf(files: readonly DroppedFile[], entries: readonly Entry[] = []): readonly Given[] {
  const below = new Map<string, string[] | null>(
    entries
      .filter(({ name }) => !name.startsWith('.'))
      .map(({ name, isDirectory }) => [name, isDirectory ? [] : null]),
  );
  for (const { path } of files) {
    const slash = path.indexOf('/');
    if (slash < 0) {
      below.set(path, null);
      continue;
    }
    const paths = below.get(path.slice(0, slash)) ?? [];
    below.set(path.slice(0, slash), paths);
    paths.push(path.slice(slash + 1));
  }
  return [...below].map(([name, paths]) => ({ name, below: paths }));
}

/** What to call a data set of these files: the one folder that holds them all, if one does. */
export function nameOf(files: readonly DroppedFile[]): string | null {
  const tops = new Set(files.map(({ path }) => (path.includes('/') ? path.split('/')[0]! : '')));
  const [top] = tops;
  return tops.size === 1 && top !== '' ? (top ?? null) : null;
}

const fileOf = (entry: FileEntry) =>
  new Promise<File>((resolve, reject) => {
    entry.file(resolve, reject);
  });

/** `readEntries` gives a hundred at a time, and none when it is done. */
async function entriesOf(folder: FolderEntry): Promise<readonly Entry[]> {
  const reader = folder.createReader();
  const all: Entry[] = [];
  for (;;) {
    const some = await new Promise<Entry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (some.length === 0) return all;
    all.push(...some);
  }
}
