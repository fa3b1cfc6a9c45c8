import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';

import type { RunRequest } from '../../electron/contract/runs.ts';
import { addSource, readSources } from '../../electron/datasets/import/sources.ts';
import type { Engine } from '../../electron/engine/engine.ts';
import { createSampleRecords } from '../../electron/gallery/sample-records.ts';
import { databaseName } from '../../electron/library/path-inside.ts';
import { withRequestPaths } from '../../electron/runs/request-paths.ts';
import { pathsAsRead, pathsToWrite } from '../../electron/runs/run-paths.ts';
import type { Job, TrainJob } from '../../native/jobs.ts';
import { jobFingerprint } from '../../native/training/run-state.ts';
import { addExampleDataset } from './example-dataset.ts';
import { exampleRun } from './example-run.ts';
import { servicesOver } from './library-of.ts';
import { pretendEngine } from './pretend-engine.ts';
import { pretendRequest, writePretendModel } from './pretend-library.ts';
import type { LibraryServices } from './services.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** As the pretended one; what it exports passes for a model. */
function engineOf(jobs: TrainJob[], perStep: number): Engine {
  const { engine } = pretendEngine({ perStep, onStep: (job) => jobs.push(job) });
  const run = async (job: Job, ...rest: never[]): Promise<unknown> => {
    if (job.kind !== 'export') return (engine.run as (...all: unknown[]) => Promise<unknown>)(job, ...rest);
    writePretendModel(job.output);
    return { kind: 'export', output: job.output, bytes: 7 };
  };
  return { run: run as Engine['run'] };
}

function open(library: string, perStep = 2) {
  const jobs: TrainJob[] = [];
  return { services: servicesOver(library, engineOf(jobs, perStep)), jobs };
}

async function until(is: () => unknown): Promise<void> {
  while (!(await is())) await sleep(5);
}

const queued = "SELECT count(*) FROM sample WHERE status IN ('queued', 'making')";

async function finished({ runs, context }: LibraryServices, runId: number): Promise<void> {
  await until(async () => (await runs.handlers['runs.get']({ runId })).status === 'finished');
  await until(() => context.library.database.prepare(queued).pluck().get() === 0);
}

/**
 * A library with a run that finished, its pictures, a kept model and an export; with a run on that model and on images
 * that a browser sent, which was interrupted; and with an export at a place of the person's own.
 */
async function libraryWithWork(folder: string) {
  const library = join(folder, 'library');
  const { services } = open(library);
  const { runs, models, exports, context } = services;
  const { database } = context.library;
  const request = await pretendRequest(services, folder);
  const first = (await runs.handlers['runs.start']({ request })).runIds[0]!;
  await finished(services, first);
  const { modelId } = await models.handlers['models.keep']({ runId: first, epoch: 1, name: 'kept' });
  const chosen = join(folder, 'my model');
  for (const output of [null, chosen]) {
    const wanted = { runId: first, epoch: 1, format: 'diffusers', precision: 'float32', output } as const;
    const { exportId } = await exports.handlers['exports.model'](wanted);
    await services.until('exports.changed', ({ id, status }) => id === exportId && status === 'ready');
  }
  const sent = join(library, 'uploads', 'aaaaaaaa-1');
  const dataset = await addExampleDataset(database, sent);
  database.prepare("UPDATE dataset_source SET root = 'uploads/aaaaaaaa-1' WHERE root = ?").run(sent);
  await services.close();

  const slow = open(library, 20).services;
  const { runIds } = await slow.runs.handlers['runs.start']({
    request: {
      ...request,
      name: 'second',
      baseModelId: modelId,
      datasetId: dataset.datasetId,
      captionSetIds: [dataset.captionSetIds[0]],
    },
  });
  const second = runIds[0]!;
  await slow.until('runs.epoch', ({ runId, epoch }) => runId === second && epoch === 1);
  await slow.close();
  return { library, first, second, modelId, chosen };
}

type Work = Awaited<ReturnType<typeof libraryWithWork>>;

/** As versions before wrote it: every path in full, in the database and in runs' files. */
function asBefore({ library, first, second }: Pick<Work, 'library' | 'first' | 'second'>): void {
  const database = new Database(join(library, 'library.sqlite'));
  const columns = { run: 'folder', sample: 'file', model: 'folder', export: 'path', dataset_source: 'root' };
  for (const [table, column] of Object.entries(columns)) {
    const isInside = `${column} <> '' AND substr(${column}, 1, 1) <> '/'`;
    const { changes } = database
      .prepare(`UPDATE ${table} SET ${column} = ? || '/' || ${column} WHERE ${isInside}`)
      .run(library);
    expect(changes).toBeGreaterThan(0);
  }
  database.exec('DROP TABLE lora; ALTER TABLE sample DROP COLUMN loras;');
  database.exec('DROP TABLE captioning_image; DROP TABLE captioning; DROP TABLE captioner;');
  database.pragma('user_version = 4');
  database.close();
  for (const id of [first, second]) {
    const file = join(library, 'runs', String(id), 'run.json');
    const text = readFileSync(file, 'utf8').replaceAll('"../../', `"${library}/`);
    writeFileSync(file, text);
  }
}

/** All that the library says it has lies in it, and the interrupted run goes on to its end, there and nowhere else. */
async function hasAllOf(library: string, { first, second, modelId, chosen }: Work): Promise<void> {
  const { services, jobs } = open(library);
  const { runs, models, exports, gallery, context } = services;
  await runs.recovered;
  const found = await Promise.all([first, second].map(async (runId) => runs.handlers['runs.get']({ runId })));
  expect(found.map(({ folder, status }) => [folder, status])).toEqual([
    [join(library, 'runs', String(first)), 'finished'],
    [join(library, 'runs', String(second)), 'interrupted'],
  ]);
  const samples = createSampleRecords(context.library.database).ofRun(first);
  expect(samples.map(({ status }) => status)).toEqual(['ready', 'ready', 'ready', 'ready']);
  for (const { id } of samples) {
    const file = gallery.sampleFile(id);
    expect(file.startsWith(join(library, 'runs', String(first), 'samples'))).toBe(true);
    expect(readFileSync(file, 'utf8')).toBe('red');
  }
  expect(await models.handlers['models.get']({ modelId })).toMatchObject({
    folder: join(library, 'models', 'kept'),
    missing: false,
  });
  const [own, mine] = (await exports.handlers['exports.list']({})).map(({ path }) => path).reverse();
  expect(own!.startsWith(join(library, 'exports'))).toBe(true);
  expect(mine).toBe(chosen);
  expect([own, mine].map((path) => existsSync(path!))).toEqual([true, true]);

  await runs.handlers['runs.resume']({ runId: second });
  await finished(services, second);
  const [job] = jobs;
  expect(jobs.length).toBeLessThan(15);
  expect(job).toMatchObject({
    folder: join(library, 'runs', String(second)),
    cacheFolder: join(library, 'cache'),
    base: join(library, 'models', 'kept'),
  });
  const images = [...job!.images, ...job!.validation].map(({ path }) => path);
  expect(images).toHaveLength(6);
  for (const path of images) {
    expect(path.startsWith(join(library, 'uploads', 'aaaaaaaa-1'))).toBe(true);
    expect(existsSync(path)).toBe(true);
  }
  await services.close();
}

describe.each([
  ['of this version', () => undefined],
  ['of a version before', asBefore],
])('a library %s', (_, age) => {
  test('has all it had where it was', async () => {
    const work = await libraryWithWork(temporaryFolder());
    age(work);
    await hasAllOf(work.library, work);
  });

  test('that was moved has all it had, and nothing is made where it was', async () => {
    const folder = temporaryFolder();
    const work = await libraryWithWork(folder);
    age(work);
    const moved = join(folder, 'elsewhere', 'my library');
    mkdirSync(join(folder, 'elsewhere'));
    renameSync(work.library, moved);
    await hasAllOf(moved, work);
    expect(existsSync(work.library)).toBe(false);
  });

  test('that is a copy leaves its original alone, whatever is trained and removed in it', async () => {
    const folder = temporaryFolder();
    const work = await libraryWithWork(folder);
    age(work);
    const copy = join(folder, 'copy');
    cpSync(work.library, copy, { recursive: true });
    await hasAllOf(copy, work);
    const { services } = open(copy);
    for (const runId of [work.first, work.second]) await services.runs.handlers['runs.remove']({ runId });
    await services.models.handlers['models.remove']({ modelId: work.modelId });
    await services.close();
    expect(existsSync(join(copy, 'runs', String(work.first)))).toBe(false);
    expect(existsSync(join(copy, 'models', 'kept'))).toBe(false);
    await hasAllOf(work.library, work);
  });
});

test('words that a run lends its pictures are found where their library was moved', () => {
  const [before, after] = ['before', 'after'].map((name) => {
    const library = join(temporaryFolder(), name);
    mkdirSync(join(library, 'runs', '1'), { recursive: true });
    writeFileSync(join(library, databaseName), '');
    return library;
  }) as [string, string];
  const wordsIn = (library: string) => [
    { file: join(library, 'exports', 'glyph.safetensors'), word: 'glyph' },
    { file: resolve('/elsewhere/sketch.pt') },
  ];
  const folder = join(before, 'runs', '1');
  const { spec, job } = exampleRun(folder);
  const lent = { ...spec, samples: { ...spec.samples, embeddings: wordsIn(before) } };
  const written = pathsToWrite(folder, { spec: lent, job });
  const read = pathsAsRead(join(after, 'runs', '1'), written);
  expect(read.spec.samples.embeddings).toEqual(wordsIn(after));
});

test('the LoRA that a run goes on from is found where its library was moved, and its states are known', () => {
  const [before, after] = ['before', 'after'].map((name) => {
    const library = join(temporaryFolder(), name);
    mkdirSync(join(library, 'runs', '1'), { recursive: true });
    writeFileSync(join(library, databaseName), '');
    return library;
  }) as [string, string];
  const loraIn = (library: string) =>
    ({
      kind: 'lora',
      textEncoder: false,
      rank: 4,
      alpha: 4,
      from: join(library, 'exports', 'a.safetensors'),
    }) as const;
  const { spec, job } = exampleRun(join(before, 'runs', '1'));
  const planned = { ...job, method: loraIn(before) };
  const written = pathsToWrite(join(before, 'runs', '1'), {
    spec: { ...spec, method: loraIn(before) },
    job: planned,
  });
  expect(JSON.stringify([written.spec.method, written.job.method])).not.toContain(before);
  const there = pathsAsRead(join(before, 'runs', '1'), written);
  expect(there.job).toEqual(planned);
  const moved = pathsAsRead(join(after, 'runs', '1'), written);
  expect([moved.spec.method, moved.job.method]).toEqual([loraIn(after), loraIn(after)]);
  expect(jobFingerprint(moved.job)).toBe(jobFingerprint(planned));
  // Written once more from where it lies now.
  const again = pathsAsRead(join(after, 'runs', '1'), pathsToWrite(join(after, 'runs', '1'), moved));
  expect(again).toEqual(moved);
  // As files have it from before.
  const old = pathsAsRead(join(before, 'runs', '1'), {
    spec: { ...spec, method: loraIn(before) },
    job: planned,
  });
  expect(old.job).toEqual(planned);
});

test('what a request names in its library is noted from there on, the rest in full', () => {
  const inside = (path: string) => (path.startsWith('/library/') ? path.slice('/library/'.length) : path);
  const back = (path: string) => (path.startsWith('/') ? path : `/library/${path}`);
  const request = {
    method: { kind: 'lora', from: '/library/exports/a.safetensors' },
    recipe: {
      embeddings: [{ file: '/library/exports/b.safetensors' }, { file: '/elsewhere/c.pt', word: 'c' }],
    },
    prior: { prompt: 'a dog', folder: '/elsewhere/dogs' },
  } as unknown as RunRequest;
  const noted = withRequestPaths(request, inside);
  expect(noted).toMatchObject({
    method: { from: 'exports/a.safetensors' },
    recipe: { embeddings: [{ file: 'exports/b.safetensors' }, { file: '/elsewhere/c.pt', word: 'c' }] },
    prior: { folder: '/elsewhere/dogs' },
  });
  expect(withRequestPaths(noted, back)).toEqual(request);
  // Requests of older libraries have full paths, and stay.
  expect(withRequestPaths(request, back)).toEqual(request);
});

describe('removing a run', () => {
  test('deletes nothing outside its library, whatever its row and links on the way say', async () => {
    const folder = temporaryFolder();
    const work = await libraryWithWork(folder);
    const other = join(folder, 'other');
    renameSync(join(work.library, 'runs'), other);
    symlinkSync(other, join(work.library, 'runs'), 'junction');
    const { services } = open(work.library);
    const { runs, context } = services;
    await runs.recovered;
    await runs.handlers['runs.remove']({ runId: work.first });
    const point = context.library.database.prepare('UPDATE run SET folder = ? WHERE id = ?');
    const mine = join(folder, 'squares');
    point.run(mine, work.second);
    await runs.handlers['runs.remove']({ runId: work.second });
    expect(await runs.handlers['runs.list']({})).toEqual([]);
    expect(existsSync(join(other, String(work.first), 'run.json'))).toBe(true);
    expect(existsSync(join(mine, 'red.png'))).toBe(true);
  });

  test('never deletes the folder of all runs', async () => {
    const work = await libraryWithWork(temporaryFolder());
    const { services } = open(work.library);
    await services.runs.recovered;
    services.context.library.database.prepare("UPDATE run SET folder = 'runs' WHERE id = ?").run(work.second);
    await services.runs.handlers['runs.remove']({ runId: work.second });
    expect(existsSync(join(work.library, 'runs', String(work.first), 'run.json'))).toBe(true);
  });
});

test("what a browser sent is noted from the library's folder on, a person's own folder in full", () => {
  const folder = temporaryFolder();
  const library = join(folder, 'library');
  const { services } = open(library);
  const { database } = services.context.library;
  database.prepare("INSERT INTO dataset (name, created_at) VALUES ('fox', 1)").run();
  const roots = [join(library, 'uploads', 'bbbbbbbb-2'), join(folder, 'photos')];
  for (const root of [...roots, ...roots]) addSource(database, 1, { root, files: null });
  const rows = database.prepare('SELECT root FROM dataset_source ORDER BY id').pluck().all();
  expect(rows).toEqual(['uploads/bbbbbbbb-2', roots[1]]);
  expect(readSources(database, 1).map(({ root }) => root)).toEqual(roots);
});
