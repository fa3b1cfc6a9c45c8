import { dirname, join, resolve } from 'node:path';

import { usualCaptioning } from '../../../native/facts/captioning.ts';
import { makeFolder } from '../../../native/files/atomic-file.ts';
import type { CaptionJob } from '../../../native/jobs.ts';
import { bytesText } from '../../contract/quantities.ts';
import { downloadAddress, downloadIdOf, mirrored } from '../../downloads/addresses.ts';
import { filesOfCaptionerAt, filesOfPublished } from '../../downloads/captioner-files.ts';
import { createDownloadRecords, type DownloadRecord } from '../../downloads/download-records.ts';
import { createHttpGet, type HttpGet } from '../../downloads/http-get.ts';
import { keptToken } from '../../downloads/part-file.ts';
import { fetchParts, partsOf, standing } from '../../downloads/parts.ts';
import type { PublishedCaptioner } from '../../downloads/published-captioners.ts';
import { hub } from '../../downloads/starters.ts';
import { fileNameOf } from '../../library/file-name.ts';
import { bring } from './bring.ts';
import { type CommandContext, type ExitCode, exitCodes } from './context.ts';
import type { GetOptions, GetPlace } from './get-options.ts';

/**
 * Brings a captioning model into a folder, opens it, and says where it lies. Ctrl-C pauses: the same command goes on, with the
 * files that were asked for the first time.
 * @param what one of the list, or the address of one
 */
export async function getCaptioner(
  { terminal, workingFolder, engine }: CommandContext,
  what: PublishedCaptioner | string,
  options: GetOptions,
  { environment }: GetPlace,
): Promise<ExitCode> {
  const get = createHttpGet({ proxy: options.proxy ?? null, environment });
  const mirror = options.mirror ?? environment.HF_ENDPOINT;
  const text = typeof what === 'string' ? what.trim() : what.address;
  const address = downloadAddress(mirrored(text, mirror), false);
  const ofHub = address.origin === hub ? environment.HF_TOKEN : undefined;
  const given = options.token ?? ofHub ?? null;
  const record = await recordOf(what, address, mirror, { get, given, out: options.out, workingFolder });
  const { folder, records } = record;
  const parts = partsOf(record.record, folder);
  const token = given ?? (await keptToken(folder));
  if ((await standing(parts)).isThere) terminal.line(`It is there already: ${folder}`);
  else {
    await records.write(record.record);
    const isWhole = await bring(get, terminal, async (deps) => {
      await fetchParts(parts, token, deps);
      const { done } = await standing(parts);
      return `${folder}: ${bytesText(done)} in ${parts.requests.length} files`;
    });
    if (!isWhole) return exitCodes.interrupted;
  }
  // What does not open is no captioner, and is told here rather than when a thousand images wait.
  const job: CaptionJob = {
    kind: 'caption',
    model: folder,
    options: usualCaptioning,
    pictures: [],
    device: {},
  };
  await engine.run(job, { onLog: terminal.log });
  await records.remove(record.record.id);
  terminal.object({ folder });
  terminal.line(`Caption with it: screenfold caption ${folder} <your images>`);
  return exitCodes.ok;
}

interface Having {
  readonly get: HttpGet;
  readonly given: string | null;
  readonly out: string | undefined;
  readonly workingFolder: string;
}

/** What is to come and where to: as it was asked for before, or as its server says now. */
async function recordOf(
  what: PublishedCaptioner | string,
  address: URL,
  mirror: string | undefined,
  { get, given, out, workingFolder }: Having,
) {
  const id = typeof what === 'string' ? downloadIdOf(address) : what.id;
  const parent =
    out === undefined ? resolve(workingFolder, 'captioners') : dirname(resolve(workingFolder, out));
  const records = createDownloadRecords(parent);
  const before = await records.find(id);
  const placeOf = ({ fileName }: Pick<DownloadRecord, 'fileName'>) =>
    out === undefined ? join(parent, fileName) : resolve(workingFolder, out);
  if (before !== null) return { record: before, records, folder: placeOf(before) };
  const asking = { get, token: given, signal: AbortSignal.timeout(60_000) };
  const { name, files } =
    typeof what === 'string'
      ? await filesOfCaptionerAt(address, mirror === undefined ? [] : [mirror], asking)
      : { name: what.id, files: await filesOfPublished(what, address, asking) };
  await makeFolder(parent);
  const record: DownloadRecord = {
    ...{ id, kind: 'captioner', title: name, address: address.href, fileName: fileNameOf(name) },
    ...{ sha256: null, bytes: null, files: [...files], createdAt: Date.now() },
  };
  return { record, records, folder: placeOf(record) };
}
