/** A library on a disk that fills up and is freed again, by a small tmpfs; needs to be allowed to mount one. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { figure } from './figures.ts';
import {
  addImages,
  codeOf,
  integrity,
  runOf,
  type Served,
  serveLibrary,
  shortRun,
  sleep,
  someImages,
  until,
} from './served.ts';

const folder = mkdtempSync(join(tmpdir(), 'screenfold-full-'));
const disk = join(folder, 'disk');
const filler = join(disk, 'filler');
const library = join(disk, 'library');

function mounted(): boolean {
  mkdirSync(disk);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=700m', 'tmpfs', disk], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** To the last byte. */
function fill(): void {
  const file = openSync(filler, 'a');
  const block = Buffer.alloc(64 * 1024, 1);
  for (let size = block.length; size >= 1;) {
    try {
      if (writeSync(file, block, 0, size) < size) size = Math.floor(size / 2);
    } catch {
      size = Math.floor(size / 2);
    }
  }
  closeSync(file);
}

const free = () => {
  rmSync(filler, { force: true });
};

let held = 0;
const faults: string[] = [];
function hold(what: string, is: boolean, saw: unknown = ''): void {
  if (is) held += 1;
  else faults.push(`${what}: ${String(saw)}`);
}

/** A condition that is to come true; that it does not is one fault, not the end. */
async function comes(what: string, isSo: () => Promise<boolean>): Promise<void> {
  hold(
    what,
    await until(isSo, 120).then(
      () => true,
      () => false,
    ),
  );
}

async function imports(served: Served, images: string): Promise<number> {
  const { client } = served;
  const told: string[] = [];
  const end = client.on('datasets.progress', ({ failure }) => {
    if (failure !== null) told.push(failure.code);
  });
  fill();
  const more = someImages(join(folder, 'more'), 12);
  const code = await codeOf(client.call('datasets.import', { paths: [more] }));
  hold('an import is refused or fails for want of room', code === 'disk-full' || code === 'done', code);
  if (code === 'done')
    await comes('an import says that the disk is full', () => Promise.resolve(told.includes('disk-full')));
  const captionSets = await client.call('captions.sets', { datasetId: 1 });
  const rows = await client.call('datasets.images', { datasetId: 1, query: {}, offset: 0, limit: 1 });
  const write = () =>
    client.call('captions.write', {
      captionSetId: captionSets[0]!.id,
      captions: [{ imageId: rows.rows[0]!.id, text: 'x'.repeat(90_000) }],
    });
  hold('a caption cannot be written', (await codeOf(write())) === 'disk-full');
  const upload = await fetch(`http://127.0.0.1:${served.port}/uploads/upload-1/a.png`, {
    ...{ method: 'PUT', headers: served.headers, body: Buffer.alloc(1_000_000) },
  });
  hold('an upload says so', upload.status === 507, upload.status);
  hold('it lives', served.alive());
  free();
  hold('the caption can be written then', (await codeOf(write())) === 'done');
  end();
  const datasetId = code === 'done' ? 2 : await addImages(served, more);
  await comes('the import goes on', async () => {
    const { importing, images: count } = await client.call('datasets.get', { datasetId });
    return !importing && count === 12;
  });
  hold('nothing is called broken', (await client.call('datasets.problems', { datasetId })).length === 0);
  return addImages(served, images);
}

async function trains(served: Served, datasetId: number): Promise<number> {
  const { client } = served;
  const request = await shortRun(served, datasetId, 3);
  const { runIds } = await client.call('runs.start', { request });
  const runId = runIds[0]!;
  await until(async () => ['training', 'failed'].includes((await runOf(served, runId)).status));
  fill();
  await comes('a run ends by itself', async () =>
    ['failed', 'finished'].includes((await runOf(served, runId)).status),
  );
  const failed = await runOf(served, runId);
  hold(
    'a run says that the disk is full',
    failed.failure?.code === 'disk-full',
    JSON.stringify(failed.failure),
  );
  // What was half-made when it failed has been removed.
  fill();
  hold('another cannot be started', (await codeOf(client.call('runs.start', { request }))) === 'disk-full');
  hold('it lives', served.alive());
  free();
  await sleep(2500);
  hold('it can be gone on with', (await codeOf(client.call('runs.resume', { runId }))) === 'done');
  await comes('it finishes', async () => (await runOf(served, runId)).status === 'finished');
  const end = await runOf(served, runId);
  hold('it has finished', end.status === 'finished', JSON.stringify([end.status, end.failure]));
  const { seconds } = await runOf(served, runId);
  hold('its time is counted', seconds > 0, seconds);
  return runId;
}

async function exports(served: Served, runId: number): Promise<void> {
  const { client } = served;
  const request = { runId, epoch: 1, format: 'diffusers' } as const;
  fill();
  const code = await codeOf(client.call('exports.model', request));
  hold('an export says so', code === 'disk-full' || code === 'done', code);
  const first = async () => (await client.call('exports.list', {}))[0];
  if (code === 'done')
    await comes('an export fails', async () => (await first())?.failure?.code === 'disk-full');
  free();
  await client.call('exports.model', request);
  await comes('an export is made then', async () => (await first())?.status === 'ready');
}

async function starts(served: Served): Promise<void> {
  await served.kill();
  fill();
  const second = await serveLibrary(library);
  const code = await codeOf(second.client.call('datasets.list', {}));
  hold('a start is refused for want of room, or goes well', code === 'disk-full' || code === 'done', code);
  hold('it lives', second.alive());
  await second.kill();
  free();
  const third = await serveLibrary(library);
  hold('a start goes well then', (await codeOf(third.client.call('datasets.list', {}))) === 'done');
  await third.kill();
  hold('the database is whole', integrity(library) === 'ok');
}

if (!mounted()) console.log('disk-full: left out, for no tmpfs may be mounted here');
else {
  try {
    const served = await serveLibrary(library);
    await until(async () =>
      (await served.client.call('datasets.list', {})).every(({ importing }) => !importing),
    );
    const datasetId = await imports(served, someImages(join(folder, 'images'), 6));
    const runId = await trains(served, datasetId);
    await exports(served, runId);
    await starts(served);
    if (served.said() !== '') console.error(served.said());
  } finally {
    for (const fault of faults) console.error(fault);
    figure('disk-full', { held, 'free (MB)': Math.round(statfsSync(disk).bavail / 256) }, faults.length);
    execFileSync('umount', ['-l', disk]);
    rmSync(folder, { recursive: true, force: true });
  }
}
