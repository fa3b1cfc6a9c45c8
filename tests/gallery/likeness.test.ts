import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, test } from 'vitest';

import { failureData } from '../../electron/contract/failure-data.ts';
import type { Likeness } from '../../electron/contract/likeness.ts';
import type { Engine } from '../../electron/engine/engine.ts';
import { Failure } from '../../native/failure.ts';
import type { LikenessJob, LikenessResult } from '../../native/jobs.ts';
import { servicesOver } from '../runs/library-of.ts';
import { pretendEngine } from '../runs/pretend-engine.ts';
import { pretendRequest } from '../runs/pretend-library.ts';
import type { LibraryServices } from '../runs/services.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

/** Says of every picture that the second training image is nearest, and calls those of epoch 3 copies. */
function compared({ pictures }: LikenessJob): LikenessResult {
  const figure = { value: 0.1, low: 0, high: 0.2 };
  return {
    kind: 'likeness',
    limit: 0.05,
    real: { distance: figure, images: 8, atOnce: 1 },
    pictures: pictures.map(({ epoch }) => ({
      image: 1,
      distance: 0.3 / (epoch + 1),
      control: epoch === 0 ? null : 0.3,
      copy: epoch === 3,
    })),
    epochs: [...new Set(pictures.map(({ epoch }) => epoch))].map((epoch) => ({
      epoch,
      distance: figure,
      rank: null,
    })),
  };
}

/** The pretended engine, which compares pictures too, unless `fault` says why not. */
function comparingEngine(fault: () => Failure | null = () => null) {
  const jobs: LikenessJob[] = [];
  const { engine: pretended } = pretendEngine();
  const run = async (...[job, options]: Parameters<Engine['run']>): Promise<unknown> => {
    if (job.kind !== 'likeness') return pretended.run(job, options);
    jobs.push(job);
    await sleep(1);
    const failure = fault();
    if (failure !== null) throw failure;
    return compared(job);
  };
  return { jobs, engine: { run: run as Engine['run'] } };
}

async function finishedRun(services: LibraryServices, folder: string): Promise<number> {
  const request = await pretendRequest(services, folder, { epochs: 3, checkpoints: [1, 3] });
  const { runIds } = await services.runs.handlers['runs.start']({ request });
  for (;;) {
    const { samples } = await services.gallery.handlers['gallery.comparison']({ runIds });
    const { status: stands } = await services.runs.handlers['runs.get']({ runId: runIds[0]! });
    if (stands === 'finished' && samples.length === 3 && samples.every(({ status }) => status === 'ready'))
      return runIds[0]!;
    await sleep(5);
  }
}

/** Asks until it is no longer worked on. */
async function likenessOf({ gallery }: LibraryServices, runId: number): Promise<Likeness> {
  for (;;) {
    const likeness = await gallery.handlers['gallery.likeness']({ runId });
    if (likeness.state !== 'working') return likeness;
    await sleep(5);
  }
}

describe('how near the pictures of a run are to its data', () => {
  test('is computed behind once somebody asks, told, and kept', async () => {
    const folder = temporaryFolder();
    const { engine, jobs } = comparingEngine();
    const services = servicesOver(join(folder, 'library'), engine);
    const runId = await finishedRun(services, folder);
    expect(jobs).toEqual([]);
    const first = await services.gallery.handlers['gallery.likeness']({ runId });
    expect(first).toMatchObject({ state: 'working', limit: null, real: null, epochs: [], pictures: [] });

    const likeness = await likenessOf(services, runId);
    expect(likeness).toMatchObject({
      ...{ state: 'ready', failure: null, limit: 0.05 },
      real: { distance: { value: 0.1, low: 0, high: 0.2 }, images: 8, atOnce: 1 },
    });
    expect(likeness.epochs.map(({ epoch, pictures, copies }) => [epoch, pictures, copies])).toEqual([
      [0, 1, 0],
      [1, 1, 0],
      [3, 1, 1],
    ]);
    const { samples } = await services.gallery.handlers['gallery.comparison']({ runIds: [runId] });
    expect(likeness.pictures.map(({ sampleId }) => sampleId)).toEqual(samples.map(({ id }) => id));
    const image = jobs[0]!.training[1]!;
    expect(image.path).toContain(likeness.pictures[2]!.name);
    expect(likeness.pictures[2]).toMatchObject({ copy: true, control: 0.3 });
    expect(likeness.pictures[2]!.imageId).toBeGreaterThan(0);
    expect(services.told.at(-1)).toEqual({ event: 'changed', payload: { subjects: ['samples'] } });

    // Another start finds it where it was put.
    await services.close();
    const later = servicesOver(join(folder, 'library'), engine);
    expect(await later.gallery.handlers['gallery.likeness']({ runId })).toEqual(likeness);
    expect(jobs).toHaveLength(1);
  });

  test('is made again where it was kept before real images were compared among themselves', async () => {
    const folder = temporaryFolder();
    const { engine, jobs } = comparingEngine();
    const services = servicesOver(join(folder, 'library'), engine);
    const runId = await finishedRun(services, folder);
    const likeness = await likenessOf(services, runId);
    const record = await services.runs.handlers['runs.get']({ runId });
    const file = join(record.folder, 'likeness.json');
    const { real: _, ...old } = JSON.parse(readFileSync(file, 'utf8')) as { readonly real: unknown };
    writeFileSync(file, JSON.stringify({ ...old, formatVersion: 1 }));
    expect(await likenessOf(services, runId)).toEqual(likeness);
    expect(jobs).toHaveLength(2);
  });

  test('is computed anew when there are other pictures', async () => {
    const folder = temporaryFolder();
    const { engine, jobs } = comparingEngine();
    const services = servicesOver(join(folder, 'library'), engine);
    const runId = await finishedRun(services, folder);
    await likenessOf(services, runId);
    await services.runs.handlers['runs.setSamples']({
      runIds: [runId],
      prompts: [{ prompt: 'red', negativePrompt: '' }],
      seeds: [0, 1],
    });
    for (;;) {
      const { epochs } = await likenessOf(services, runId);
      if (epochs[0]?.pictures === 2) break;
      await sleep(5);
    }
    expect(jobs.at(-1)!.pictures).toHaveLength(6);
    expect(new Set(jobs.at(-1)!.pictures.map(({ made }) => made)).size).toBe(2);
  });

  test.each(['', '{"formatVersion": 1, "of": ', '{"formatVersion": 1, "of": "x", "pictures": [{}]}', '[]'])(
    'is computed again where its file is damaged: %s',
    async (damage) => {
      const folder = temporaryFolder();
      const { engine, jobs } = comparingEngine();
      const services = servicesOver(join(folder, 'library'), engine);
      const runId = await finishedRun(services, folder);
      const before = await likenessOf(services, runId);
      const record = await services.runs.handlers['runs.get']({ runId });
      writeFileSync(join(record.folder, 'likeness.json'), damage);
      expect(await likenessOf(services, runId)).toEqual(before);
      expect(jobs).toHaveLength(2);
    },
  );

  test('is asked anew after a while where images are away, and what was found before stays', async () => {
    const folder = temporaryFolder();
    const away = new Failure(
      'compared-images-unreadable',
      '1 of 8 training images cannot be read: a.png.',
      '',
    );
    let fault: Failure | null = null;
    let now = 1_000_000;
    const { engine, jobs } = comparingEngine(() => fault);
    const services = servicesOver(join(folder, 'library'), engine, () => now);
    const runId = await finishedRun(services, folder);
    const before = await likenessOf(services, runId);
    const record = await services.runs.handlers['runs.get']({ runId });
    const file = join(record.folder, 'likeness.json');
    const kept = readFileSync(file, 'utf8');
    const { pictures } = JSON.parse(kept) as { readonly pictures: readonly { readonly file: string }[] };

    fault = away;
    utimesSync(join(record.folder, pictures[2]!.file), 1, 1);
    const failed = await likenessOf(services, runId);
    expect(failed).toEqual({ ...before, state: 'failed', failure: failureData(away) });
    expect(readFileSync(file, 'utf8')).toBe(kept);
    await likenessOf(services, runId);
    expect(jobs).toHaveLength(2);

    now += 60_000;
    expect(await likenessOf(services, runId)).toEqual(failed);
    expect(jobs).toHaveLength(3);
    fault = null;
    now += 60_000;
    expect(await likenessOf(services, runId)).toEqual(before);
    expect(jobs).toHaveLength(4);
  });

  test('is not tried over and over where it cannot be computed', async () => {
    const folder = temporaryFolder();
    let fault: Failure | null = new Failure('engine-died', 'The engine ended.', 'Try again.');
    const { engine, jobs } = comparingEngine(() => fault);
    const services = servicesOver(join(folder, 'library'), engine);
    const runId = await finishedRun(services, folder);
    const failed = await likenessOf(services, runId);
    expect(failed).toMatchObject({ state: 'failed', failure: { code: 'engine-died' }, pictures: [] });
    await likenessOf(services, runId);
    expect(jobs).toHaveLength(1);
    // What broke off, as by a kill, is done at the next start.
    fault = null;
    await services.close();
    const later = servicesOver(join(folder, 'library'), engine);
    expect(await likenessOf(later, runId)).toMatchObject({ state: 'ready', limit: 0.05 });
  });
});
