import { readdir } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';

import { Failure } from '../../../native/failure.ts';
import { makeFolder } from '../../../native/files/atomic-file.ts';
import { downloadAddress, downloadIdOf, mirrored } from '../../downloads/addresses.ts';
import { captionerPlace, filesOfCaptionerAt, filesOfPublished } from '../../downloads/captioner-files.ts';
import {
  createDownloadRecords,
  type DownloadRecord,
  type DownloadRecords,
} from '../../downloads/download-records.ts';
import type { HttpGet } from '../../downloads/http-get.ts';
import { movedTo } from '../../downloads/moved-to.ts';
import { partsOf, standing } from '../../downloads/parts.ts';
import type { PublishedCaptioner } from '../../downloads/published-captioners.ts';
import { fileNameOf } from '../../library/file-name.ts';
import { type Brought, type BroughtCaptioners, stateOf } from './brought-captioners.ts';

/** What a captioning model is asked for with. */
export interface Wanted {
  /** One of the list, or an address as it was typed. */
  readonly what: PublishedCaptioner | string;
  readonly mirror: string | undefined;
  readonly out: string | undefined;
  readonly token: string | null;
  readonly workingFolder: string;
}

export interface PlanDeps {
  readonly get: HttpGet;
  readonly brought: BroughtCaptioners;
}

/** It is there already, or is to come. */
export type CaptionerPlan =
  | { readonly folder: string; readonly there: Brought }
  | { readonly folder: string; readonly record: DownloadRecord; readonly records: DownloadRecords };

/**
 * What is to come and where to. A folder that this download did not make is left alone: files of two models in one folder open as
 * neither of them.
 * @throws Failure `output-exists`, and what a server refuses
 */
export async function planCaptioner(wanted: Wanted, { get, brought }: PlanDeps): Promise<CaptionerPlan> {
  const { what, mirror, out, token, workingFolder } = wanted;
  const text = typeof what === 'string' ? what.trim() : what.address;
  const address = downloadAddress(mirrored(text, mirror), false);
  // The same model, whichever mirror it comes from.
  const id = typeof what === 'string' ? downloadIdOf(downloadAddress(text, true)) : what.id;
  const hubs = mirror === undefined ? [] : [mirror];
  const { name: itsName, folder: at } = captionerPlace(address, hubs);
  const name = typeof what === 'string' ? itsName : what.id;
  const folder = resolve(workingFolder, out ?? join('captioners', fileNameOf(name)));
  const records = createDownloadRecords(dirname(folder));
  const before = await records.find(id);
  const own = before?.fileName === basename(folder) ? before : null;
  if (own !== null && (own.address === address.href || (await standing(partsOf(own, folder))).isThere))
    return { folder, record: own, records };
  const there = own === null ? await brought.at(folder) : null;
  const isOurs = own !== null || there?.id === id;
  if (there?.id === id && (await stateOf(there)) !== 'incomplete') return { folder, there };
  if (!isOurs && ((await isUsed(folder)) || (await isPromised(records, folder, id)))) {
    throw notOfThis(folder, out === undefined ? betterName(at, name) : null, workingFolder);
  }
  const asking = { get, token, signal: AbortSignal.timeout(60_000) };
  const files =
    typeof what === 'string'
      ? (await filesOfCaptionerAt(address, hubs, asking)).files
      : await filesOfPublished(what, address, asking);
  await makeFolder(dirname(folder));
  if (own !== null)
    return { folder, record: await movedTo(own, { address: address.href, files }, folder), records };
  const record: DownloadRecord = {
    ...{ id, kind: 'captioner', title: name, address: address.href, fileName: basename(folder) },
    ...{ sha256: null, bytes: null, files: [...files], createdAt: Date.now() },
  };
  return { folder, record, records };
}

/** Whether there is anything in a folder, but for what systems hide there. */
async function isUsed(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).some((name) => !name.startsWith('.'));
  } catch (error) {
    // A file of that name is in the way as much.
    return error instanceof Error && 'code' in error && error.code !== 'ENOENT';
  }
}

/** Whether another download is to come there, of which there may be nothing yet. */
async function isPromised(records: DownloadRecords, folder: string, id: string): Promise<boolean> {
  return (await records.all()).some((one) => one.id !== id && one.fileName === basename(folder));
}

/** With the owner's name before its own, as `owner-model`. */
function betterName({ pathname }: URL, name: string): string {
  const [way = ''] = pathname.split('/resolve/');
  const owner = way
    .split('/')
    .filter((part) => part !== '')
    .at(-2);
  return fileNameOf(owner === undefined ? `${name}-2` : `${owner}-${name}`);
}

function notOfThis(folder: string, name: string | null, workingFolder: string): Failure {
  const other =
    name === null
      ? 'Choose an empty folder'
      : `Choose another: --out ${relative(workingFolder, join(dirname(folder), name))}`;
  return new Failure(
    'output-exists',
    `${folder} is there already, and did not come from this address.`,
    `${other}, or move away what is there. If it is the captioning model you want, use it as it is: screenfold caption ${folder} <your images>`,
  );
}
