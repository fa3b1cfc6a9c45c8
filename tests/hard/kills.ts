/** Kills the studio with all its engines at any moment of an import, captioning, a training and an export. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { asked, figure } from './figures.ts';
import { drawnFrom } from './mutate.ts';
import {
  addImages,
  integrity,
  runOf,
  type Served,
  serveLibrary,
  shortRun,
  sleep,
  someImages,
  until,
} from './served.ts';

const { count, seed } = asked(50);
const draw = drawnFrom(seed);
const folder = mkdtempSync(join(tmpdir(), 'screenfold-kills-'));
const library = join(folder, 'library');
const faults: string[] = [];
const hold = (what: string, is: boolean, saw: unknown = '') => {
  if (!is) faults.push(`${what}: ${String(saw)}`);
};
const kinds = ['import', 'captions', 'training', 'export'] as const;
const killed: Record<(typeof kinds)[number], number> = { import: 0, captions: 0, training: 0, export: 0 };

/** What was begun, to be looked at after the kill. */
type Look = (after: Served) => Promise<void>;

const moment = (milliseconds: number) => sleep(draw() * milliseconds);

async function importing({ client }: Served, at: number): Promise<Look> {
  const images = someImages(join(folder, `images ${at}`), 40);
  const { datasetId } = await client.call('datasets.import', { paths: [images] });
  await moment(1500);
  return async (after) => {
    await until(async () => !(await after.client.call('datasets.get', { datasetId })).importing);
    const { images: read, problems } = await after.client.call('datasets.get', { datasetId });
    hold(
      'an import goes on to its end',
      read === 40 && problems === 0,
      `${read} images, ${problems} problems`,
    );
    const ids = await after.client.call('datasets.imageIds', { datasetId, query: {} });
    hold('no image comes twice', new Set(ids).size === 40, ids.length);
    await after.client.call('datasets.remove', { datasetId });
  };
}

async function captioning({ client }: Served, datasetId: number, at: number): Promise<Look> {
  const [set] = await client.call('captions.sets', { datasetId });
  const imageIds = await client.call('datasets.imageIds', { datasetId, query: {} });
  const captionSetId = set!.id;
  const answered = new Map<number, string>();
  let writing = true;
  const write = async () => {
    for (let turn = 0; writing; turn++) {
      const imageId = imageIds[turn % imageIds.length]!;
      const text = `kill ${at}, turn ${turn}`;
      await client.call('captions.write', { captionSetId, captions: [{ imageId, text }] });
      answered.set(imageId, text);
    }
  };
  // Its last call is cut off by the kill.
  write().catch(() => undefined);
  await moment(1000);
  writing = false;
  return async (after) => {
    for (const [imageId, text] of answered) {
      const { captions } = await after.client.call('datasets.image', { imageId });
      const kept = captions.find((one) => one.captionSetId === captionSetId)?.text ?? '';
      // The one under way may have been written as well.
      const turn = Number(/turn (\d+)/.exec(kept)?.[1] ?? -1);
      hold('what was answered is there', kept === text || turn > Number(/turn (\d+)/.exec(text)![1]), kept);
    }
  };
}

const trained: { runId: number | null } = { runId: null };

async function training(served: Served, datasetId: number): Promise<Look> {
  const { client } = served;
  let { runId } = trained;
  const status = runId === null ? null : (await runOf(served, runId)).status;
  if (status === null || status === 'finished') {
    const { runIds } = await client.call('runs.start', { request: await shortRun(served, datasetId, 4) });
    runId = runIds[0]!;
    trained.runId = runId;
  } else if (['interrupted', 'paused', 'failed'].includes(status))
    await client.call('runs.resume', { runId: runId! });
  await moment(6000);
  const id = runId!;
  const { checkpoints } = await runOf(served, id);
  return async (after) => {
    const found = await runOf(after, id);
    hold(
      'a run is interrupted, queued or finished',
      ['interrupted', 'finished', 'queued', 'preparing', 'training'].includes(found.status),
      `${found.status} ${found.failure?.message ?? ''}`,
    );
    hold(
      'kept epochs stay',
      checkpoints.every((epoch) => found.checkpoints.includes(epoch)),
      found.checkpoints,
    );
    hold('its time is no less than none', found.seconds >= 0, found.seconds);
  };
}

async function exporting(served: Served, finished: number): Promise<Look> {
  const { client } = served;
  const { exportId } = await client.call('exports.model', { runId: finished, epoch: 1, format: 'diffusers' });
  await moment(2500);
  return async (after) => {
    await until(async () => (await exportOf(after, exportId)).status !== 'running');
    const { status, path, failure } = await exportOf(after, exportId);
    hold(
      'an export is whole or not there',
      existsSync(path) === (status === 'ready'),
      `${status} ${failure?.code ?? ''}`,
    );
    if (status === 'ready') hold('with its card', existsSync(join(path, 'README.md')));
    const left = readdirSync(join(library, 'exports')).filter((name) => name.includes('.partial'));
    hold('nothing half-made is left', left.length === 0, left.join());
    if (status === 'ready') rmSync(path, { recursive: true });
  };
}

async function exportOf({ client }: Served, exportId: number) {
  return (await client.call('exports.list', {})).find(({ id }) => id === exportId)!;
}

/** A data set with captions, and a finished run to export from. */
async function prepare(): Promise<{ readonly datasetId: number; readonly finished: number }> {
  const served = await serveLibrary(library);
  const datasetId = await addImages(served, someImages(join(folder, 'images'), 6));
  const { runIds } = await served.client.call('runs.start', {
    request: await shortRun(served, datasetId, 1),
  });
  await until(async () => (await runOf(served, runIds[0]!)).status === 'finished');
  await served.kill();
  return { datasetId, finished: runIds[0]! };
}

try {
  const { datasetId, finished } = await prepare();
  let look: Look = () => Promise.resolve();
  for (let at = 0; at <= count; at++) {
    hold('the database is whole', integrity(library) === 'ok');
    const served = await serveLibrary(library);
    await look(served).catch((error: unknown) => faults.push(String(error)));
    if (at < count) {
      const kind = kinds[at % kinds.length]!;
      killed[kind] += 1;
      const begin = {
        import: () => importing(served, at),
        captions: () => captioning(served, datasetId, at),
        training: () => training(served, datasetId),
        export: () => exporting(served, finished),
      }[kind];
      look = await begin().catch((error: unknown) => {
        faults.push(`${kind}: ${String(error)}`);
        return () => Promise.resolve();
      });
    } else if (trained.runId !== null) {
      const last = trained.runId;
      const { status } = await runOf(served, last);
      if (['interrupted', 'failed', 'paused'].includes(status))
        await served.client.call('runs.resume', { runId: last });
      await until(async () => ['finished', 'failed'].includes((await runOf(served, last)).status));
      const end = await runOf(served, last);
      hold('a run that was killed so often finishes', end.status === 'finished', end.failure?.message);
    }
    await served.kill();
  }
  figure('kills', killed, faults.length);
} finally {
  for (const fault of faults.slice(0, 20)) console.error(fault);
  rmSync(folder, { recursive: true, force: true });
}
