import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, test } from 'vitest';

import { libraryFailure } from '../../electron/library/database.ts';
import { openRunLog, readRunLog } from '../../electron/runs/run-log.ts';
import { createLog } from '../../electron/studio/log.ts';
import { Failure } from '../../native/failure.ts';
import { fill, picture } from '../datasets/folder.ts';
import { filesOf, openStudio as openDatasets, testFolder } from '../datasets/studio.ts';
import { noSpace } from '../files/no-space.ts';
import { diskUnder } from '../library/full-database.ts';
import { servicesOver } from '../runs/library-of.ts';
import { pretendEngine, type PretendOptions } from '../runs/pretend-engine.ts';
import { pretendRequest } from '../runs/pretend-library.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

/** Anything of the library may be tried again only after a while. */
const patience = { timeout: 15_000, interval: 20 };

async function wired(options: PretendOptions = {}) {
  const folder = temporaryFolder();
  const { engine, history } = pretendEngine(options);
  const services = servicesOver(join(folder, 'library'), engine);
  const request = await pretendRequest(services, folder);
  const disk = diskUnder(services.context.library.database);
  const runs = services.runs.handlers;
  const start = async (name: string, train = request.train) =>
    (await runs['runs.start']({ request: { ...request, name, train } })).runIds[0]!;
  const run = async (runId: number) => runs['runs.get']({ runId });
  const statusInDatabase = (runId: number) =>
    services.context.library.database.prepare('SELECT status FROM run WHERE id = ?').pluck().get(runId);
  return { services, request, disk, start, run, runs, history, statusInDatabase };
}

describe('with the disk full', () => {
  test('an import stops and says so, nothing dies, and it goes on by itself when there is room', async () => {
    const studio = openDatasets();
    const disk = diskUnder(studio.library.database);
    const files = Object.fromEntries(
      await Promise.all([1, 2, 3].map(async (seed) => [`${seed}.png`, await picture(seed)] as const)),
    );
    const folder = await fill(join(testFolder(), 'set'), files);
    const { datasetId } = await studio.call('datasets.import', { paths: [folder] });
    disk.fill();
    await studio.datasets.settled();
    expect(studio.progress().at(-1)).toMatchObject({
      phase: 'failed',
      failure: {
        code: 'disk-full',
        message: expect.stringContaining('disk of the library is full') as string,
      },
    });
    disk.free();
    await expect.poll(() => filesOf(studio, datasetId), patience).toEqual(['1.png', '2.png', '3.png']);
  });

  test('thumbnails that cannot be written are no fault of their images', async () => {
    const studio = openDatasets();
    const { thumbnails } = studio.library.paths;
    const folder = await fill(join(testFolder(), 'set'), {
      'a.png': await picture(1),
      'b.png': await picture(2),
    });
    await expect.poll(() => existsSync(join(thumbnails, 'partial')), patience).toBe(true);
    const places = [1, 2].map((count) => join(thumbnails, 'partial', `${count}.webp`));
    for (const place of places) symlinkSync('/dev/full', place);
    const { datasetId } = await studio.call('datasets.import', { paths: [folder] });
    await studio.datasets.settled();
    expect(studio.progress().at(-1)).toMatchObject({ phase: 'failed', failure: { code: 'disk-full' } });
    expect(await studio.call('datasets.problems', { datasetId })).toEqual([]);
    for (const place of places) rmSync(place);
    await studio.call('datasets.rescan', { datasetId });
    await studio.datasets.settled();
    expect(await filesOf(studio, datasetId)).toEqual(['a.png', 'b.png']);
  });

  test('a run that fails is failed at once, and in the library when there is room', async () => {
    const full = new Failure('disk-full', 'The disk is full.', 'Free some space.');
    let there: Awaited<ReturnType<typeof wired>> | null = null;
    there = await wired({
      onStep: (_job, step) => {
        if (step === 3) there?.disk.fill();
        if (step === 7) throw full;
      },
    });
    const { disk, start, run, runs, statusInDatabase } = there;
    const id = await start('first');
    await expect.poll(async () => (await run(id)).status, patience).toBe('failed');
    expect(await run(id)).toMatchObject({ failure: { code: 'disk-full', message: 'The disk is full.' } });
    expect(statusInDatabase(id)).not.toBe('failed');
    await expect(Promise.resolve().then(() => runs['runs.rename']({ runId: id, name: 'x' }))).rejects.toThrow(
      'full',
    );
    disk.free();
    await expect.poll(() => statusInDatabase(id), patience).toBe('failed');
    await expect.poll(async () => (await run(id)).checkpoints, patience).toEqual([1]);
    expect((await run(id)).seconds).toBeGreaterThan(0);
  });

  test('a run that ends well is finished, and what waits fails with the reason instead of trying for ever', async () => {
    let there: Awaited<ReturnType<typeof wired>> | null = null;
    let bothWait = false;
    there = await wired({
      // The first goes on until the second waits behind it, however long that takes.
      perStep: 5,
      onStep: () => {
        if (bothWait) there?.disk.fill();
        bothWait = false;
      },
    });
    const { disk, start, run, runs, statusInDatabase, history } = there;
    const long = { ...there.request.train, epochs: 200 };
    const [first, second] = [await start('first', long), await start('second')];
    bothWait = true;
    await expect.poll(async () => (await run(second)).status, patience).toBe('failed');
    expect((await run(first)).status).toBe('finished');
    expect((await run(second)).failure?.code).toBe('disk-full');
    disk.free();
    await expect.poll(() => statusInDatabase(first), patience).toBe('finished');
    await runs['runs.resume']({ runId: second });
    await expect.poll(async () => (await run(second)).status, patience).toBe('finished');
    expect(history.filter((line) => line.startsWith('train'))).toEqual([
      `train ${first}: 0-1000`,
      `train ${second}: 0-15`,
    ]);
  });

  test('pictures wait and are made when there is room', async () => {
    let there: Awaited<ReturnType<typeof wired>> | null = null;
    let filled = false;
    there = await wired({
      onPicture: () => {
        if (!filled) there?.disk.fill();
        filled = true;
      },
    });
    const { disk, start, run, services } = there;
    const id = await start('first');
    await expect.poll(() => filled, patience).toBe(true);
    await sleep(300);
    disk.free();
    await expect.poll(async () => (await run(id)).status, patience).toMatch(/finished|failed/);
    const all = async () => (await services.gallery.handlers['gallery.comparison']({ runIds: [id] })).samples;
    await services.gallery.handlers['gallery.fill']({ runIds: [id] });
    await expect
      .poll(async () => (await all()).every(({ status }) => status === 'ready'), patience)
      .toBe(true);
  });

  test('an export that fails or succeeds is told so', async () => {
    const { disk, start, run, services } = await wired();
    const id = await start('first');
    await expect.poll(async () => (await run(id)).status, patience).toBe('finished');
    const { exportId } = await services.exports.handlers['exports.model']({
      ...{ runId: id, epoch: 1, format: 'diffusers', precision: 'float16', output: null },
    });
    disk.fill();
    const exported = async () =>
      (await services.exports.handlers['exports.list']({})).find(({ id: other }) => other === exportId)!;
    await expect.poll(async () => (await exported()).status, patience).toMatch(/ready|failed/);
    const before = await exported();
    disk.free();
    const row = services.context.library.database.prepare('SELECT status FROM export WHERE id = ?').pluck();
    await expect.poll(() => row.get(exportId), patience).toBe(before.status);
  });

  test('the log goes on in memory, and in its file when there is room', () => {
    const folder = temporaryFolder();
    const file = join(folder, 'screenfold.log');
    symlinkSync('/dev/full', file);
    const log = createLog(folder, () => 1);
    for (let line = 0; line < 3000; line++) log.error(`line ${line}`, 'x'.repeat(1000));
    expect(log.recent(1)[0]!.message).toContain('line 2999');
    log.close();

    mkdirSync(join(folder, 'later'));
    // A folder is in the place of the file; then it is gone.
    mkdirSync(join(folder, 'later', 'screenfold.log'));
    const second = createLog(join(folder, 'later'), () => 1);
    second.info('not heard');
    rmSync(join(folder, 'later', 'screenfold.log'), { recursive: true });
    second.info('heard');
    second.close();
    expect(readFileSync(second.file, 'utf8')).toContain('"heard"');
  });

  test("a run's log says how many lines it lacks", async () => {
    const folder = temporaryFolder();
    let full = true;
    const written: string[] = [];
    const log = openRunLog(
      folder,
      () => 0,
      (file, text) => {
        if (full) return Promise.reject(noSpace(file));
        written.push(text);
        return Promise.resolve();
      },
    );
    log.line('one');
    await log.close();
    log.line('two');
    await log.close();
    full = false;
    log.line('three');
    await log.close();
    expect(written.join('')).toMatch(/2 lines could not be written\n.* three\n$/);
    const real = openRunLog(folder, () => 0);
    real.line('a');
    real.line('b');
    await real.close();
    expect(await readRunLog(folder, 5)).toEqual(['1970-01-01T00:00:00.000Z a', '1970-01-01T00:00:00.000Z b']);
  });
});

test.each([
  ['SQLITE_FULL', 'disk-full', 'Free some space'],
  ['ENOSPC', 'disk-full', 'nothing in the library is damaged'],
  ['EACCES', 'library-unusable', 'may write to it'],
  ['SQLITE_READONLY_DIRECTORY', 'library-unusable', 'may write to it'],
])('a library that cannot be opened because of %s is not called damaged', (code, wanted, hint) => {
  const failure = libraryFailure(temporaryFolder(), Object.assign(new Error('no'), { code }))!;
  expect(failure.code).toBe(wanted);
  expect(failure.hint).toContain(hint);
});

test('a library whose database is no database still is', () => {
  expect(libraryFailure('/x', Object.assign(new Error('no'), { code: 'SQLITE_NOTADB' }))).toBeNull();
});
