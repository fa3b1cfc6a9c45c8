import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test, vi } from 'vitest';

import type { JobEvent, TrainJob } from '../../native/jobs.ts';
import { openRuntime } from '../../native/runtime/open-runtime.ts';
import { deviceStandIn } from '../runtime/device-stand-in.ts';
import { failureOf, hashTree, readMetrics, stepsOf, tinyJob, trainHere } from './tiny-model.ts';
import { tinyWorld } from './tiny-world.ts';

const device = vi.hoisted(() => ({
  keepsOrder: true,
  onRun: (_outputs: readonly string[]): void => undefined,
}));
vi.mock('../../native/runtime/providers.ts', () => ({
  chooseRuntime: async () => ({
    ...deviceStandIn(await openRuntime('cpu', 'c-api', 1, 'CPU'), {
      keepsOrder: device.keepsOrder,
      onRun: (outputs) => {
        device.onRun(outputs);
      },
    }),
    notes: [],
  }),
}));

const { folder, images } = tinyWorld(6, [
  [32, 32],
  [40, 24],
]);

function job(name: string, changes: Partial<TrainJob['settings']> = {}): TrainJob {
  return tinyJob(
    {
      folder: join(folder.path, name),
      cacheFolder: join(folder.path, `${name}-cache`),
      base: join(folder.path, 'base'),
      images: images.slice(0, 5),
      validation: images.slice(5),
    },
    { epochs: 2, checkpointEpochs: [1, 2], gradientAccumulation: 2, emaDecay: 0.9, ...changes },
  );
}

async function filesOf({ folder: run }: TrainJob): Promise<Record<string, string>> {
  const { 'metrics.jsonl': _, ...files } = await hashTree(run);
  return files;
}

/** What happened, in order: updates that were begun, and steps that were told. */
async function trainOn(
  theJob: TrainJob,
  keepsOrder: boolean,
  onEvent?: (event: JobEvent) => void,
  stop?: AbortSignal,
): Promise<string[]> {
  const story: string[] = [];
  device.keepsOrder = keepsOrder;
  device.onRun = (outputs) => {
    if (outputs.some((name) => name.startsWith('new/parameter'))) story.push('begun');
  };
  await trainHere(
    theJob,
    (event) => {
      if (event.type === 'step') story.push('told');
      onEvent?.(event);
    },
    stop,
  );
  return story;
}

describe('a device that works off what it is given in order', () => {
  test.each(['float32', 'float16'] as const)(
    'is given the next step before the last has told its loss, and keeps the same bytes (%s)',
    async (precision) => {
      const [waiting, ahead] = [
        job(`waits-${precision}`, { precision }),
        job(`ahead-${precision}`, { precision }),
      ];
      const told = await trainOn(waiting, false);
      const toldAhead = await trainOn(ahead, true);
      // Two steps an epoch, after which all have told.
      expect(told.slice(0, 4)).toEqual(['begun', 'told', 'begun', 'told']);
      expect(toldAhead.slice(0, 5)).toEqual(['begun', 'begun', 'told', 'told', 'begun']);
      expect(await filesOf(ahead)).toEqual(await filesOf(waiting));
      const lines = await readMetrics(waiting.folder);
      expect(lines.length).toBeGreaterThan(4);
      expect(await readMetrics(ahead.folder)).toEqual(lines);
    },
  );

  test('stops after the step that was begun, and goes on to the same bytes', async () => {
    const [whole, stopped] = [job('whole', { stateEveryMinutes: 0 }), job('stopped')];
    await trainOn(whole, true);
    const stop = new AbortController();
    const events: JobEvent[] = [];
    await trainOn(
      stopped,
      true,
      (event) => {
        events.push(event);
        if (event.type === 'step' && event.step === 1) stop.abort();
      },
      stop.signal,
    );
    expect(stepsOf(events).map(({ step }) => step)).toEqual([1, 2]);
    expect(await readdir(join(stopped.folder, 'state'))).toEqual(['step-00000002']);
    await trainOn(stopped, true);
    expect(await filesOf(stopped)).toEqual(await filesOf(whole));
    expect(await readMetrics(stopped.folder)).toEqual(await readMetrics(whole.folder));
  });

  test('tells of a loss that is not finite as before: by the step, with nothing kept', async () => {
    const broken = job('broken', { learningRate: 1e30, gradientAccumulation: 1 });
    device.keepsOrder = true;
    const { code, message } = await failureOf(trainHere(broken));
    expect(code).toBe('loss-not-finite');
    expect(message).toMatch(/The loss of step 2 \(epoch 1\)/);
    // Before the first step held-out images are judged, as epoch 0.
    expect((await readMetrics(broken.folder)).map(({ type, step }) => step ?? type)).toEqual(['epoch', 1]);
    expect(await readdir(broken.folder)).not.toContain('state');
  });
});
