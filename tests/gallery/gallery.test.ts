import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, test } from 'vitest';

import type { EventOf } from '../../electron/contract/api.ts';
import type { Settings } from '../../electron/contract/system.ts';
import { Failure } from '../../native/failure.ts';
import { servicesOver } from '../runs/library-of.ts';
import { pretendEngine, type PretendOptions } from '../runs/pretend-engine.ts';
import { pretendRequest } from '../runs/pretend-library.ts';
import type { LibraryServices } from '../runs/services.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

type When = Settings['samplesWhileTraining'];

/** A library with a run of three epochs, two of them kept, that has begun. */
async function runBegun(when: When, options: PretendOptions = {}, folder = temporaryFolder()) {
  const pretended = pretendEngine(options);
  const services = servicesOver(join(folder, 'library'), pretended.engine);
  services.settings.change({ samplesWhileTraining: when });
  const request = await pretendRequest(services, folder, { epochs: 3, checkpoints: [1, 3] });
  const { runIds } = await services.runs.handlers['runs.start']({ request });
  return { folder, services, request, runId: runIds[0]!, ...pretended };
}

/** Resolves when the run has ended and nothing waits to be made. */
async function settled({ runs, context }: LibraryServices, runId: number): Promise<void> {
  const waiting = context.library.database
    .prepare<[], number>("SELECT count(*) FROM sample WHERE status IN ('queued', 'making')")
    .pluck();
  for (;;) {
    const { status, failure } = await runs.handlers['runs.get']({ runId });
    if (status === 'failed') throw new Error(failure?.message);
    if (status === 'finished' && waiting.get() === 0) return;
    await sleep(5);
  }
}

async function statuses({ gallery }: LibraryServices, runId: number) {
  const { samples } = await gallery.handlers['gallery.comparison']({ runIds: [runId] });
  return samples.map(({ epoch, prompt, status }) => `${prompt} ${epoch ?? ''} ${status}`);
}

describe('the pictures of a run', () => {
  test.each<When>(['beside', 'pausing', 'afterwards'])('are made of every epoch kept: %s', async (when) => {
    let together = 0;
    const engine = await runBegun(when, {
      perStep: 5,
      onPicture: () => (together += engine.underWay.has('train') ? 1 : 0),
    });
    const { services, runId, history } = engine;
    await settled(services, runId);
    expect(await statuses(services, runId)).toEqual(['red 0 ready', 'red 1 ready', 'red 3 ready']);
    const trained = history
      .filter((line) => line.startsWith('train'))
      .map((line) => line.split(': ')[1]!.split('-').map(Number));
    // Wherever it was stopped it went on, and no step was trained twice.
    expect(trained[0]![0]).toBe(0);
    expect(trained.at(-1)![1]).toBe(15);
    trained.slice(1).forEach(([begun], index) => {
      expect(begun).toBe(trained[index]![1]);
    });
    if (when === 'beside') expect(trained).toHaveLength(1);
    else expect(together).toBe(0);
    if (when === 'pausing') expect(history[0]).toBe('generate: red 0');
    if (when === 'afterwards') expect(history[0]).toBe('train 1: 0-15');
  });

  test('of new prompts and seeds are made of old checkpoints as well, and those there stay', async () => {
    const { services, runId, history } = await runBegun('beside');
    await settled(services, runId);
    const before = history.filter((line) => line.startsWith('generate')).length;
    await services.runs.handlers['runs.setSamples']({
      runIds: [runId],
      prompts: [
        { prompt: 'red', negativePrompt: '' },
        { prompt: 'green', negativePrompt: '' },
      ],
      seeds: [0, 7],
    });
    await services.until(
      'gallery.sample',
      ({ prompt, epoch, seed, status }) => [prompt, epoch, seed, status].join() === 'green,3,7,ready',
    );
    await settled(services, runId);
    const { samples } = await services.gallery.handlers['gallery.comparison']({ runIds: [runId] });
    expect(samples).toHaveLength(12);
    expect(history.filter((line) => line.startsWith('generate'))).toHaveLength(before + 9);
  });

  test('one that cannot be made fails alone', async () => {
    const { services, runId } = await runBegun('beside', {
      onPicture: (prompt) => {
        if (prompt === 'cursed') throw new Failure('no-memory', 'Too large.', 'Make it smaller.');
      },
    });
    await settled(services, runId);
    await services.runs.handlers['runs.setSamples']({
      runIds: [runId],
      prompts: ['green', 'cursed', 'blue'].map((prompt) => ({ prompt, negativePrompt: '' })),
      seeds: [0],
    });
    await services.until(
      'gallery.sample',
      ({ prompt, epoch, status }) => [prompt, epoch, status].join() === 'blue,3,ready',
    );
    await settled(services, runId);
    const made = await statuses(services, runId);
    expect(made.filter((line) => line.endsWith('failed'))).toEqual([
      'cursed 0 failed',
      'cursed 1 failed',
      'cursed 3 failed',
    ]);
    expect(made.filter((line) => line.endsWith('ready'))).toHaveLength(6);
  });

  test('can be taken out of the queue, and put back', async () => {
    const { services, runId } = await runBegun('beside', { perPicture: 30 });
    await settled(services, runId);
    await services.runs.handlers['runs.setSamples']({
      runIds: [runId],
      prompts: ['a', 'b', 'c', 'd'].map((prompt) => ({ prompt, negativePrompt: '' })),
      seeds: [0, 1],
    });
    await services.until('gallery.sample', ({ prompt, status }) => prompt === 'a' && status === 'ready');
    await services.gallery.handlers['gallery.cancelQueued']({ runIds: [runId] });
    await settled(services, runId);
    const cancelled = (await statuses(services, runId)).filter((line) => line.endsWith('cancelled')).length;
    expect(cancelled).toBeGreaterThan(10);
    expect(await services.gallery.handlers['gallery.fill']({ runIds: [runId] })).toEqual({
      queued: cancelled,
    });
    await settled(services, runId);
    expect((await statuses(services, runId)).every((line) => line.endsWith('ready'))).toBe(true);
  });

  test('that wait when the studio ends are made after its next start', async () => {
    const { services, runId, folder } = await runBegun('beside', { perPicture: 40 });
    await settled(services, runId);
    await services.runs.handlers['runs.setSamples']({
      runIds: [runId],
      prompts: ['a', 'b', 'c'].map((prompt) => ({ prompt, negativePrompt: '' })),
      seeds: [0],
    });
    await services.until('gallery.sample', ({ prompt, status }) => prompt === 'a' && status === 'ready');
    await services.close();
    const { engine } = pretendEngine();
    const later = servicesOver(join(folder, 'library'), engine);
    await settled(later, runId);
    expect((await statuses(later, runId)).every((line) => line.endsWith('ready'))).toBe(true);
  });
});

describe('the prompt bench', () => {
  test('is served before comparisons, keeps a history and favourites', async () => {
    const { services, runId, history, request } = await runBegun('beside', { perPicture: 20 });
    const { gallery, runs } = services;
    await settled(services, runId);
    await runs.handlers['runs.setSamples']({
      runIds: [runId],
      prompts: ['a', 'b', 'c', 'd'].map((prompt) => ({ prompt, negativePrompt: '' })),
      seeds: [0, 1, 2],
    });
    await services.until('gallery.sample', ({ prompt, status }) => prompt === 'a' && status === 'ready');
    const { sampleIds } = await gallery.handlers['gallery.generate']({
      model: { kind: 'run', runId, epoch: 3 },
      prompt: 'now',
      negativePrompt: 'later',
      seeds: [4],
      recipe: request.recipe,
    });
    await services.until('gallery.sample', ({ id, status }) => id === sampleIds[0] && status === 'ready');
    expect(history.filter((line) => line.startsWith('generate')).length).toBeLessThan(30);
    await settled(services, runId);
    expect(await gallery.handlers['gallery.history']({ offset: 0, limit: 5 })).toMatchObject({
      total: 1,
      samples: [{ prompt: 'now', negativePrompt: 'later', seed: 4, epoch: 3, status: 'ready' }],
    });
    await gallery.handlers['gallery.setFavourite']({ sampleId: sampleIds[0]!, favourite: true });
    expect(await gallery.handlers['gallery.favourites']({})).toHaveLength(1);
    await gallery.handlers['gallery.removeSamples']({ sampleIds });
    expect(await gallery.handlers['gallery.favourites']({})).toEqual([]);
  });
});

describe('a picture of the bench that failed', () => {
  test('is made when it is tried again, in its place', async () => {
    let cursed = true;
    const { services, runId, request } = await runBegun('beside', {
      onPicture: (prompt) => {
        if (prompt === 'now' && cursed) throw new Failure('no-memory', 'Too large.', 'Make it smaller.');
      },
    });
    const { handlers } = services.gallery;
    await settled(services, runId);
    const { sampleIds } = await handlers['gallery.generate']({
      model: { kind: 'run', runId, epoch: 3 },
      ...{ prompt: 'now', negativePrompt: '', seeds: [4], recipe: request.recipe },
    });
    await services.until('gallery.sample', ({ id, status }) => id === sampleIds[0] && status === 'failed');
    cursed = false;
    await handlers['gallery.makeAgain']({ sampleId: sampleIds[0]! });
    await services.until('gallery.sample', ({ id, status }) => id === sampleIds[0] && status === 'ready');
    expect(await handlers['gallery.sample']({ sampleId: sampleIds[0]! })).toMatchObject({ failure: null });
    expect(await handlers['gallery.history']({ offset: 0, limit: 5 })).toMatchObject({ total: 1 });
  });
});

describe('pages are told that other pictures are there', () => {
  /** How often it was said so far. */
  const timesTold = ({ told }: LibraryServices) =>
    told.filter(
      ({ event, payload }) =>
        event === 'changed' && (payload as EventOf<'changed'>).subjects.includes('samples'),
    ).length;

  test('by the bench, by a favourite and by a removal', async () => {
    const { services, runId, request } = await runBegun('beside');
    await settled(services, runId);
    const { gallery } = services;
    const told = [timesTold(services)];
    const { sampleIds } = await gallery.handlers['gallery.generate']({
      model: { kind: 'run', runId, epoch: 3 },
      prompt: 'now',
      negativePrompt: '',
      seeds: [4],
      recipe: request.recipe,
    });
    told.push(timesTold(services));
    await gallery.handlers['gallery.setFavourite']({ sampleId: sampleIds[0]!, favourite: true });
    told.push(timesTold(services));
    await gallery.handlers['gallery.removeSamples']({ sampleIds });
    told.push(timesTold(services));
    expect(told).toEqual([0, 1, 2, 3]);
  });

  test('by a run that is removed, once its favourites are gone', async () => {
    const { services, runId } = await runBegun('beside');
    await settled(services, runId);
    const { gallery, runs } = services;
    const { samples } = await gallery.handlers['gallery.comparison']({ runIds: [runId] });
    await gallery.handlers['gallery.setFavourite']({ sampleId: samples[0]!.id, favourite: true });
    const before = timesTold(services);
    await runs.handlers['runs.remove']({ runId });
    expect(timesTold(services)).toBe(before + 1);
    expect(await gallery.handlers['gallery.favourites']({})).toEqual([]);
  });
});
