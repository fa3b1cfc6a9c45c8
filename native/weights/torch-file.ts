/**
 * Checkpoints of PyTorch (`torch.save` since version 1.6: `.ckpt`, `.pt`, `.pth`, `.bin`): a zip archive of a pickle and
 * of the numbers it speaks of. The pickle is read, never run; the numbers are read by ranges.
 */
import type { FileHandle } from 'node:fs/promises';

import { Failure } from '../failure.ts';
import { openForReading, readFully } from '../files/file-ranges.ts';
import { tensorBytes } from './safetensors-header.ts';
import { findStateDict } from './state-dict.ts';
import type { StoredEntry } from './stored-zip.ts';
import { readStoredZip } from './stored-zip.ts';
import type { TensorFile } from './tensor-file.ts';
import { tensorReads } from './tensor-file.ts';
import { torchGlobals, torchStorage } from './torch-globals.ts';
import { readPickle } from './torch-pickle.ts';
import type { PickledStorage, PickledTensor, PickleValue } from './torch-pickle-values.ts';
import type { TorchRefusals } from './torch-refusals.ts';
import { quoted, torchRefusals } from './torch-refusals.ts';
import { viewProblem, viewRanges } from './torch-view.ts';

/** Tens of times what a checkpoint with all that training needs has. */
const longestPickle = 32 << 20;

/** The first pickle of the format before 1.6 holds this number alone. */
const olderMagic = Buffer.from('8a0a6cfc9c46f9206aa85019', 'hex');

/** Refuses by name what is no archive. */
async function checkKind(
  read: (bytes: Uint8Array, position: number) => Promise<void>,
  size: number,
  path: string,
  refuse: TorchRefusals,
): Promise<void> {
  const head = Buffer.alloc(Math.min(size, 512));
  await read(head, 0);
  if (head.length < 4) throw refuse.truncated();
  if (head.readUInt32LE(0) === 0x04034b50) return;
  const isTar = head.subarray(257, 262).toString('latin1') === 'ustar';
  if (isTar || (head[0] === 0x80 && head.subarray(0, 32).includes(olderMagic))) {
    throw new Failure(
      'torch-file-legacy',
      `${path} is of ${isTar ? 'the first PyTorch format, a tar archive' : 'the PyTorch format before version 1.6'}, which is not read`,
      'Get a safetensors version of the model, or save it again with PyTorch 1.6 or later: ' +
        'torch.save(torch.load(old_path, map_location="cpu", weights_only=True), new_path).',
    );
  }
  if (head[0] === 0x80) throw refuse.invalid('is a bare pickle, not an archive that torch.save wrote');
  throw refuse.invalid('does not begin as a zip archive');
}

/** The archive's files by their names within its one folder, whatever that is called. */
function withinFolder(
  entries: ReadonlyMap<string, StoredEntry>,
  refuse: TorchRefusals,
): ReadonlyMap<string, StoredEntry> {
  const pickles = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const [pickle, second] = pickles;
  if (pickle === undefined) throw refuse.invalid('has no data.pkl in its archive');
  if (second !== undefined) throw refuse.invalid('has two data.pkl in its archive');
  const folder = pickle.slice(0, -'data.pkl'.length);
  return new Map(
    [...entries]
      .filter(([name]) => name.startsWith(folder))
      .map(([name, entry]) => [name.slice(folder.length), entry]),
  );
}

async function readWhole(file: FileHandle, entry: StoredEntry, refuse: TorchRefusals): Promise<Buffer> {
  const bytes = Buffer.alloc(entry.bytes);
  await readFully(file, bytes, entry.start, refuse.truncated);
  return bytes;
}

function asStored(name: string, entry: StoredEntry, refuse: TorchRefusals): StoredEntry {
  if (entry.packed === null) return entry;
  throw refuse.unsupported(
    `has its ${quoted(name)} ${entry.packed}, which PyTorch does not do: it was packed anew by another program`,
  );
}

async function checkByteOrder(
  file: FileHandle,
  entry: StoredEntry | undefined,
  refuse: TorchRefusals,
): Promise<void> {
  if (entry === undefined) return;
  asStored('byteorder', entry, refuse);
  const order = entry.bytes > 16 ? '' : (await readWhole(file, entry, refuse)).toString('latin1').trim();
  if (order === 'little') return;
  if (order === 'big') throw refuse.unsupported('was written on a big-endian computer, which is not read');
  throw refuse.invalid('has no valid byteorder');
}

/** Storages as the pickle names them; one key is always one run of numbers of one type. */
function storageLookup(
  entries: ReadonlyMap<string, StoredEntry>,
  refuse: TorchRefusals,
): (id: PickleValue) => PickledStorage {
  const known = new Map<string, PickledStorage>();
  return (id) => {
    const storage = torchStorage(refuse, id);
    const { key } = storage;
    const entry = entries.get(`data/${key}`);
    if (entry === undefined) throw refuse.invalid(`lacks the storage ${quoted(key)}, which its pickle names`);
    asStored(`data/${key}`, entry, refuse);
    if (!(storage.bytes <= entry.bytes))
      throw refuse.invalid(
        `has ${entry.bytes} bytes for the storage ${quoted(key)}, whose pickle says ${storage.bytes}`,
      );
    const before = known.get(key);
    if (before === undefined) known.set(key, storage);
    else if (before.dtype !== storage.dtype || before.bytes !== storage.bytes)
      throw refuse.invalid(`has the storage ${quoted(key)} as two different ones`);
    return before ?? storage;
  };
}

/**
 * Opens a checkpoint and reads its pickle alone. Tensors are those of its state dict, wherever in it that is.
 *
 * @throws Failure `file-unreadable`, `torch-file-unsafe`, `torch-file-legacy`, `torch-file-unsupported`,
 * `torch-file-truncated`, `torch-file-invalid`, `torch-file-no-tensors`
 */
export async function openTorchFile(path: string): Promise<TensorFile> {
  const file = await openForReading(path);
  try {
    return await opened(path, file);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function opened(path: string, file: FileHandle): Promise<TensorFile> {
  const refuse = torchRefusals(path);
  const stats = await file.stat();
  if (!stats.isFile())
    throw new Failure('file-unreadable', `${path} is not a file`, 'Name a .ckpt, .pt, .pth or .bin file.');
  const read = (bytes: Uint8Array, position: number): Promise<void> =>
    readFully(file, bytes, position, refuse.truncated);
  await checkKind(read, stats.size, path, refuse);

  const entries = withinFolder(await readStoredZip(file, stats.size, refuse), refuse);
  if (entries.has('constants.pkl')) throw refuse.unsupported('is a TorchScript program, not weights');
  await checkByteOrder(file, entries.get('byteorder'), refuse);
  const pickle = asStored('data.pkl', entries.get('data.pkl')!, refuse);
  if (pickle.bytes > longestPickle) throw refuse.invalid(`has a pickle of ${pickle.bytes} bytes`);
  const root = readPickle(await readWhole(file, pickle, refuse), {
    ...refuse,
    find: torchGlobals(refuse),
    persistent: storageLookup(entries, refuse),
  });

  const found = findStateDict(root);
  if (found === null) {
    throw new Failure(
      'torch-file-no-tensors',
      `${path} has no tensors by name in it`,
      'Check that this is a model: optimizer states and hypernetworks are not.',
    );
  }
  const { tensors, metadata } = found;
  for (const [name, tensor] of tensors) {
    const problem = viewProblem(tensor, tensor.storage.bytes);
    if (problem !== null) throw refuse.invalid(`has a tensor ${quoted(name)} that ${problem}`);
  }
  const ranges = (tensor: PickledTensor) => {
    const { start } = entries.get(`data/${tensor.storage.key}`)!;
    return viewRanges(tensor, (bytes, position) => read(bytes, start + position));
  };
  const byteLength = ({ dtype, shape }: PickledTensor): number => tensorBytes(dtype, shape)!;
  const reads = tensorReads({ name: 'torch-file', path, tensors, byteLength, ranges });
  return { path, tensors, metadata, ...reads, close: () => file.close() };
}
