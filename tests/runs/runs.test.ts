import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, test } from 'vitest';

import { calls } from '../../electron/contract/api.ts';
import { runRequestSchema, type RunStatus } from '../../electron/contract/runs.ts';
import { readRun } from '../../electron/runs/run-folder.ts';
import { failureOf } from './failure-of.ts';
import { servicesOver } from './library-of.ts';
import { writePretendTokenizer } from './pretend-configs.ts';
import { died, pretendEngine, type PretendOptions } from './pretend-engine.ts';
import { pretendRequest, writePretendModel } from './pretend-library.ts';
import type { LibraryServices } from './services.ts';
import { temporaryFolder } from './temporary-folder.ts';

function studio(options: PretendOptions = {}, folder = temporaryFolder()) {
  const pretended = pretendEngine(options);
  const services = servicesOver(join(folder, 'library'), pretended.engine);
  return { folder, services, ...pretended };
}

/** Resolves when the run has come to one of these; another end fails the test. */
async function becomes(
  { runs }: LibraryServices,
  runId: number,
  ...wanted: readonly RunStatus[]
): Promise<void> {
  for (;;) {
    const { status, failure } = await runs.handlers['runs.get']({ runId });
    if (wanted.includes(status)) return;
    if (['finished', 'failed', 'cancelled'].includes(status)) {
      throw new Error(`it is ${status}: ${failure?.message ?? ''}`);
    }
    await sleep(5);
  }
}

describe('the queue of runs', () => {
  test('trains one at a time, in the order that was chosen', async () => {
    const { services, folder, history } = studio({ perStep: 20 });
    const { runs } = services;
    const request = await pretendRequest(services, folder);
    const ids: number[] = [];
    for (const name of ['first', 'second', 'third']) {
      ids.push(...(await runs.handlers['runs.start']({ request: { ...request, name } })).runIds);
    }
    await runs.handlers['runs.move']({ runId: ids[2]!, position: 1 });
    const listed = await runs.handlers['runs.list']({});
    expect(listed.map(({ name, queuePosition }) => [name, queuePosition])).toEqual([
      ['third', 1],
      ['second', 2],
      ['first', null],
    ]);
    for (const id of ids) await becomes(services, id, 'finished');
    expect(history.filter((line) => line.startsWith('train'))).toEqual([
      `train ${ids[0]}: 0-15`,
      `train ${ids[2]}: 0-15`,
      `train ${ids[1]}: 0-15`,
    ]);
  });

  test("a run's log has what the engine notes, such as why no better device serves", async () => {
    const { services, folder } = studio();
    const { runs } = services;
    const { runIds } = await runs.handlers['runs.start']({ request: await pretendRequest(services, folder) });
    const runId = runIds[0]!;
    await becomes(services, runId, 'finished');
    const lines = await runs.handlers['runs.log']({ runId, lines: 100 });
    expect(lines.map((line) => line.slice(line.indexOf(' ') + 1))).toContain(
      'CUDA is not used: there is no driver.',
    );
  });

  test('knows what was asked for before a request named its optimizer, and takes it again', async () => {
    const { services, folder } = studio();
    const { runs } = services;
    const request = await pretendRequest(services, folder);
    const { runIds } = await runs.handlers['runs.start']({ request });
    const runId = runIds[0]!;
    await becomes(services, runId, 'finished');
    const { optimizer, ...train } = request.train;
    const { kind: _kind, ...beside } = optimizer;
    const old = { ...request, train: { ...train, ...beside, weightDecay: 0.25 } };
    services.context.library.database
      .prepare('UPDATE run SET request = ? WHERE id = ?')
      .run(JSON.stringify(old), runId);
    const { request: known } = await runs.handlers['runs.get']({ runId });
    expect(known.train).toEqual({ ...request.train, optimizer: { ...optimizer, weightDecay: 0.25 } });
    const again = runRequestSchema.parse({ ...old, name: 'again' });
    expect(again.train).toEqual(known.train);
  });

  test('a plan says which captions and prompts are longer than the base reads', async () => {
    const { services, folder } = studio();
    const request = await pretendRequest(services, folder);
    const warnings = async (prompt: string) => {
      const asked = { ...request, prompts: [{ prompt, negativePrompt: '' }] };
      return (await services.runs.handlers['runs.plan']({ request: asked })).warnings.filter((warning) =>
        warning.includes('left out'),
      );
    };
    expect(await warnings('red')).toEqual([]);
    await writePretendTokenizer(join(folder, 'model'), 5);
    const captions = expect.stringMatching(
      /captions are longer than the 3 tokens this base reads/,
    ) as unknown;
    expect(await warnings('red')).toEqual([captions]);
    // A prompt is read in three chunks.
    expect(await warnings('green')).toEqual([captions]);
    expect(await warnings('greengreen')).toEqual([
      captions,
      'The prompt “greengreen” has 10 tokens, more than the 9 tokens this model reads; the rest is left out.',
    ]);
    // Its brackets are no tokens.
    expect(await warnings('(((green:1.2))gree)')).toEqual([captions]);
  });

  test('a plan for longer captions warns of those alone that are longer still', async () => {
    const { services, folder } = studio();
    const request = await pretendRequest(services, folder);
    await writePretendTokenizer(join(folder, 'model'), 8);
    const lengths = async (captionTokens: 75 | 225) => {
      const asked = { ...request, train: { ...request.train, captionTokens } };
      const { warnings } = await services.runs.handlers['runs.plan']({ request: asked });
      return warnings.filter((warning) => warning.includes('left out'));
    };
    expect(await lengths(75)).toEqual([expect.stringContaining('longer than the 6 tokens')]);
    expect(await lengths(225)).toEqual([]);
  });

  test('captions are compared by a run for each set, of the same prompts', async () => {
    const { services, folder } = studio();
    const { runs } = services;
    const request = await pretendRequest(services, folder);
    const sets = services.context.library.database
      .prepare<[], number>('SELECT id FROM caption_set ORDER BY id DESC')
      .pluck()
      .all();
    const both = { ...request, captionSetIds: sets, prompts: [] };
    expect((await runs.handlers['runs.plan']({ request: both })).runs).toBe(2);
    const { runIds } = await runs.handlers['runs.start']({ request: both });
    const details = await Promise.all(runIds.map(async (runId) => runs.handlers['runs.get']({ runId })));
    expect(details.map(({ captionSetName }) => captionSetName)).toEqual(['no words', 'names']);
    expect(details.map(({ name }) => name)).toEqual(['first, no words', 'first, names']);
    // Those of the set with words.
    for (const { prompts } of details)
      expect(prompts).toEqual([{ prompt: 'a violet square', negativePrompt: '' }]);
  });

  test('several shares of the images, on several bases, make as many runs of the same pictures', async () => {
    const { services, folder } = studio();
    const { runs, models } = services;
    const request = await pretendRequest(services, folder);
    writePretendModel(join(folder, 'other'));
    const { modelId } = await models.handlers['models.add']({ path: join(folder, 'other') });
    const wanted = { ...request, shares: ['all' as const, 0.5, 2], moreBaseIds: [modelId], prompts: [] };
    const plan = await runs.handlers['runs.plan']({ request: wanted });
    expect(plan.runs).toBe(6);
    // Five squares are trained on, one is held out.
    expect(plan.each.map(({ images }) => images)).toEqual([5, 3, 2, 5, 3, 2]);
    expect(plan.each.map(({ steps }) => steps)).toEqual([15, 9, 6, 15, 9, 6]);
    const { runIds } = await runs.handlers['runs.start']({ request: wanted });
    const details = await Promise.all(runIds.map(async (runId) => runs.handlers['runs.get']({ runId })));
    expect(details.map(({ name }) => name).slice(0, 4)).toEqual([
      'first, all images, on model',
      'first, half of the images, on model',
      'first, 2 images, on model',
      'first, all images, on other',
    ]);
    expect(new Set(details.map(({ prompts }) => JSON.stringify(prompts))).size).toBe(1);
    expect(details.map((run) => [run.request.shares, run.request.moreBaseIds, run.baseModelId])).toEqual([
      ...(['all', 0.5, 2] as const).map((share) => [[share], [], request.baseModelId]),
      ...(['all', 0.5, 2] as const).map((share) => [[share], [], modelId]),
    ]);
    const imagesOf = async (at: number) => {
      const { job } = await readRun(details[at]!.folder);
      return job.images.map(({ id }) => id);
    };
    const [all, half, two] = [await imagesOf(0), await imagesOf(1), await imagesOf(2)];
    expect(half).toHaveLength(3);
    expect(all).toEqual(expect.arrayContaining(half));
    expect(half).toEqual(expect.arrayContaining(two));
    expect(await imagesOf(4)).toEqual(half);
  });

  test('values that are tried make a run for each combination, named by what differs', async () => {
    const { services, folder } = studio();
    const { runs } = services;
    const request = await pretendRequest(services, folder);
    const sweep = [
      { path: 'train.learningRate', values: [1e-4, 2e-4, 2e-4] },
      { path: 'train.epochs', values: [1, 2] },
    ];
    const wanted = { ...request, name: 'tried', sweep };
    const plan = await runs.handlers['runs.plan']({ request: wanted });
    expect(plan.runs).toBe(4);
    expect(plan.each.map(({ name, steps }) => [name, steps])).toEqual([
      ['tried, rate 1e-4, epochs 1', 5],
      ['tried, rate 1e-4, epochs 2', 10],
      ['tried, rate 2e-4, epochs 1', 5],
      ['tried, rate 2e-4, epochs 2', 10],
    ]);
    const { runIds } = await runs.handlers['runs.start']({ request: wanted });
    const details = await Promise.all(runIds.map(async (runId) => runs.handlers['runs.get']({ runId })));
    const settings = details.map(({ request: own }) => [own.train.learningRate, own.train.epochs, own.sweep]);
    expect(settings.at(-1)).toEqual([2e-4, 2, undefined]);
    const { job } = await readRun(details[2]!.folder);
    expect(job.settings).toMatchObject({ learningRate: 2e-4, epochs: 1 });
    const wrong = { ...request, sweep: [{ path: 'train.learningRate', values: [-1, 1e-4] }] };
    const failure = await failureOf(Promise.resolve(runs.handlers['runs.plan']({ request: wrong })));
    expect([failure.code, failure.message]).toEqual(['sweep-invalid', expect.stringContaining('rate -1')]);
    // The base has one layer of text.
    const deep = { ...request, sweep: [{ path: 'train.clipSkip', values: [1, 2] }] };
    const started = Promise.resolve(runs.handlers['runs.start']({ request: deep }));
    expect((await failureOf(started)).code).toBe('clip-skip-invalid');
    // Told at once: planning each of so many would take the studio's time for good.
    const shares = Array.from({ length: 20 }, (_, place) => (place + 1) / 40);
    const moreBaseIds = Array.from({ length: 1000 }, (_, place) => place + 2);
    const many = { ...request, shares, moreBaseIds, sweep };
    expect(await failureOf(Promise.resolve(runs.handlers['runs.plan']({ request: many })))).toMatchObject({
      code: 'too-many-runs',
      message: expect.stringMatching(/^That comes to [\d,]+ runs; 200 at once are the most\.$/) as string,
    });
    const twice = [sweep[0]!, sweep[0]!];
    expect(calls['runs.plan'].input.safeParse({ request: { ...request, sweep: twice } }).success).toBe(false);
  });

  test('a paused run goes on where it stopped, and every step is trained once', async () => {
    const { services, folder, history } = studio({ perStep: 5 });
    const { runs } = services;
    const request = await pretendRequest(services, folder, { epochs: 60 });
    const { runIds } = await runs.handlers['runs.start']({ request });
    const runId = runIds[0]!;
    const { device } = await services.until('runs.progress', ({ step }) => step >= 2);
    expect(device).toEqual({ provider: 'cpu', notes: ['CUDA is not used: there is no driver.'] });
    await runs.handlers['runs.pause']({ runId });
    await becomes(services, runId, 'paused');
    const before = await runs.handlers['runs.get']({ runId });
    expect(before.step).toBeGreaterThan(1);
    expect(before.step).toBeLessThan(300);
    await runs.handlers['runs.resume']({ runId });
    await becomes(services, runId, 'finished');
    const after = await runs.handlers['runs.get']({ runId });
    expect(after.seconds).toBeGreaterThan(before.seconds);
    expect(after.ledger.reduce((sum, { images }) => sum + images, 0)).toBe(300);
    const trained = history.filter((line) => line.startsWith('train'));
    expect(trained).toEqual([`train ${runId}: 0-${before.step}`, `train ${runId}: ${before.step}-300`]);
    expect(
      (await failureOf(Promise.resolve().then(() => runs.handlers['runs.resume']({ runId })))).code,
    ).toBe('run-not-now');
  });

  test('a stopped run keeps its checkpoints and what it can be trained on from, until that is freed', async () => {
    const { services, folder } = studio({ perStep: 5 });
    const { runs } = services;
    const { runIds } = await runs.handlers['runs.start']({
      request: await pretendRequest(services, folder, { epochs: 40 }),
    });
    const runId = runIds[0]!;
    await services.until('runs.epoch', ({ epoch }) => epoch === 2);
    await runs.handlers['runs.stop']({ runId });
    await becomes(services, runId, 'cancelled');
    const { checkpoints, folder: runFolder } = await runs.handlers['runs.get']({ runId });
    expect(checkpoints).toEqual([1, 2]);
    const { step, stateBytes } = await runs.handlers['runs.get']({ runId });
    expect(readdirSync(join(runFolder, 'state'))).toEqual([`step-${String(step).padStart(8, '0')}`]);
    expect(stateBytes).toBeGreaterThan(0);
    await runs.handlers['runs.freeState']({ runId });
    expect(existsSync(join(runFolder, 'state'))).toBe(false);
    expect((await runs.handlers['runs.get']({ runId })).stateBytes).toBe(0);
    const extend = async () =>
      runs.handlers['runs.extend']({ runId, epochs: 2, schedule: null, learningRate: null });
    expect((await failureOf(extend())).code).toBe('state-missing');
    expect((await runs.handlers['runs.get']({ runId })).status).toBe('cancelled');
  });

  test('a finished run is trained on for more epochs, from where it ended, twice', async () => {
    const { services, folder, history } = studio();
    const { runs } = services;
    const { runIds } = await runs.handlers['runs.start']({ request: await pretendRequest(services, folder) });
    const runId = runIds[0]!;
    await becomes(services, runId, 'finished');
    const extend = async (epochs: number, learningRate: number | null) =>
      runs.handlers['runs.extend']({ runId, epochs, schedule: null, learningRate });
    expect((await failureOf(extend(1_000_000, null))).code).toBe('extension-invalid');
    expect((await runs.handlers['runs.get']({ runId })).status).toBe('finished');
    const both = await Promise.allSettled([extend(2, null), extend(9, null)]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await services.until('runs.progress', ({ status, epoch }) => status === 'finished' && epoch === 5);
    await extend(1, 1e-6);
    await services.until('runs.progress', ({ status, epoch }) => status === 'finished' && epoch === 6);
    expect(history.filter((line) => line.startsWith('train'))).toEqual([
      `train ${runId}: 0-15`,
      `train ${runId}: 15-25`,
      `train ${runId}: 25-30`,
    ]);
    const run = await runs.handlers['runs.get']({ runId });
    expect(run).toMatchObject({ epochs: 6, epoch: 6, step: 30, steps: 30 });
    expect(run.checkpoints).toEqual([1, 2, 3, 5, 6]);
    expect(run.request.train.epochs).toBe(6);
    expect(run.plan.extensions).toEqual([
      { from: 3, to: 5, rates: null },
      { from: 5, to: 6, rates: { learningRate: 1e-6, schedule: 'constant' } },
    ]);
    const metrics = await runs.handlers['runs.metrics']({ runId });
    expect(metrics.epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('an engine that dies fails its run alone, which can be resumed from what was saved', async () => {
    let deaths = 1;
    const { services, folder, history } = studio({
      onStep: (job, step) => {
        if (basename(job.folder) === '1' && step === 8 && deaths-- > 0) throw died();
      },
    });
    const { runs } = services;
    const request = await pretendRequest(services, folder);
    const [first, second] = [
      ...(await runs.handlers['runs.start']({ request })).runIds,
      ...(await runs.handlers['runs.start']({ request: { ...request, name: 'second' } })).runIds,
    ];
    await becomes(services, first!, 'failed');
    const failed = await runs.handlers['runs.get']({ runId: first! });
    expect(failed.failure).toMatchObject({
      code: 'engine-died',
      message: expect.stringContaining('SIGKILL') as string,
    });
    expect(failed.checkpoints).toEqual([1]);
    await becomes(services, second!, 'finished');
    await runs.handlers['runs.resume']({ runId: first!, oneAtATime: true });
    await becomes(services, first!, 'finished');
    expect(history).toContain('train 1: 5-15');
    // So it stays.
    const resumed = await runs.handlers['runs.get']({ runId: first! });
    expect(resumed.request.train.imagesAtOnce).toBe(1);
    expect((await readRun(join(folder, 'library', 'runs', '1'))).job.settings.imagesAtOnce).toBe(1);
    expect((await runs.handlers['runs.get']({ runId: second! })).request.train.imagesAtOnce).toBeUndefined();
  });

  test('a run that was under way when the studio ended is interrupted, and what waited still waits', async () => {
    const folder = temporaryFolder();
    const one = studio({ perStep: 5 }, folder);
    const request = await pretendRequest(one.services, folder, { epochs: 20 });
    const { runs } = one.services;
    const [first] = (await runs.handlers['runs.start']({ request })).runIds;
    await one.services.until('runs.epoch', ({ epoch }) => epoch === 1);
    await one.services.close();

    const other = studio({}, folder);
    await other.services.runs.recovered;
    expect(await other.services.runs.handlers['runs.get']({ runId: first! })).toMatchObject({
      status: 'interrupted',
    });
    await other.services.runs.handlers['runs.resume']({ runId: first! });
    await becomes(other.services, first!, 'finished');
    // On from the very step it stopped at.
    expect(other.history.find((line) => line.startsWith('train'))).toMatch(/^train 1: (?!0-)\d+-100$/);
  });
});

describe('what a run costs', () => {
  test('is its computing time at the price of an hour or of energy, by epoch', async () => {
    let clock = 0;
    const folder = temporaryFolder();
    // Every step takes ten seconds, by the studio's clock.
    const { engine } = pretendEngine({ secondsPerStep: 10, onStep: () => (clock += 10_000) });
    const services = servicesOver(join(folder, 'library'), engine, () => clock);
    const request = {
      ...(await pretendRequest(services, folder, { epochs: 2 })),
      costRate: { kind: 'energy' as const, watts: 360, pricePerKilowattHour: 0.5 },
    };
    const { runIds } = await services.runs.handlers['runs.start']({ request });
    await becomes(services, runIds[0]!, 'finished');
    const run = await services.runs.handlers['runs.get']({ runId: runIds[0]! });
    expect(run.ledger.map(({ epoch, seconds }) => [epoch, seconds])).toEqual([
      [1, 50],
      [2, 50],
    ]);
    // 360 W for 100 s are 0.01 kWh.
    expect(run.cost).toBeCloseTo(0.005, 10);
    // And a plan like it knows: five images at ten seconds each.
    const plan = await services.runs.handlers['runs.plan']({ request });
    expect(plan.secondsPerEpoch).toBeCloseTo(50, 6);
    expect(plan.cost).toBeCloseTo(0.005, 6);
  });
});
