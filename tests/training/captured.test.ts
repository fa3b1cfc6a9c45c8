import { join } from 'node:path';

import { beforeAll, describe, expect, test, vi } from 'vitest';

import { type OptimizerKind, usualSettings } from '../../native/facts/optimizers.ts';
import { elementCount } from '../../native/graph/data-type.ts';
import type { Method, TrainingImage, TrainJob } from '../../native/jobs.ts';
import type { Parameter } from '../../native/models/parameter.ts';
import { createOptimizer } from '../../native/optimizers/optimizers.ts';
import { openRuntime } from '../../native/runtime/open-runtime.ts';
import { placeState } from '../../native/training/trained-state.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { deviceStandIn } from '../runtime/device-stand-in.ts';
import {
  drawImages,
  hashTree,
  plainUNet,
  readMetrics,
  tinyJob,
  trainHere,
  writeTinyModel,
} from './tiny-model.ts';

const device = vi.hoisted(() => ({ runsAtCapture: 1 }));
vi.mock('../../native/runtime/providers.ts', () => ({
  chooseRuntime: async () => ({
    ...deviceStandIn(await openRuntime('cpu', 'c-api', 1, 'CPU'), { keepsOrder: true, ...device }),
    notes: [],
  }),
}));

const drawn = (shape: readonly number[]): Parameter => ({
  name: 'weight',
  component: 'unet',
  key: 'weight',
  shape,
  role: 'weight',
  layout: 'state-dict',
  type: 'float32',
  initialization: { kind: 'constant', value: 0 },
  trained: true,
  adapter: null,
});

const folder = temporaryFolder();
let images: TrainingImage[];
beforeAll(async () => {
  await writeTinyModel(join(folder.path, 'base'), { unet: plainUNet });
  images = await drawImages(join(folder.path, 'images'), 4);
});

const full: Method = { kind: 'full', textEncoder: false };
const lora: Method = { kind: 'lora', textEncoder: false, rank: 2, alpha: 1 };
const ways: readonly (readonly [
  name: string,
  method: Method,
  optimizer: OptimizerKind,
  changes: Partial<TrainJob['settings']>,
])[] = [
  ['all weights, accumulated and averaged', full, 'adamw', { gradientAccumulation: 2, emaDecay: 0.9 }],
  ['all weights in float16', full, 'adamw', { precision: 'float16' }],
  ['a LoRA by an optimizer that estimates across all', lora, 'prodigy', {}],
  ['a LoRA with moments of 8 bits', lora, 'adamw8bit', {}],
  ['a LoRA by an optimizer whose moments never are zero', lora, 'adafactor', {}],
];

/** ONNX Runtime runs a session three times where it captures it as a CUDA graph (inference_session.cc; issue 32243 there). */
describe('sessions that are captured', () => {
  test('whatever a capture does to what an optimizer keeps is undone', async () => {
    const runtime = await openRuntime('cpu', 'c-api', 1, 'CPU');
    const weight = drawn([4, 6]);
    const state = await placeState(
      {
        runtime,
        rule: { optimizer: createOptimizer(usualSettings('prodigy')), maxGradientNorm: 1, ema: true },
        trainable: [weight],
        initial: ({ shape }) =>
          Promise.resolve(Float32Array.from({ length: shape[0]! * shape[1]! }, Math.sqrt)),
        accumulate: false,
        onePass: false,
      },
      1,
    );
    const kept = state.keptTensors.map(({ kind, name }) => state.kept.get(kind)!.get(name)!);
    const read = () =>
      Promise.all(kept.map((tensor) => tensor.read(new Float32Array(elementCount(tensor.shape)))));
    const before = await read();
    await state.asBegun(() => {
      for (const tensor of kept) tensor.write(new Float32Array(elementCount(tensor.shape)).fill(NaN));
      return Promise.resolve();
    });
    expect(kept.length).toBeGreaterThan(4);
    expect(await read()).toEqual(before);
    state.dispose();
    await runtime.dispose();
  });

  test.each(ways)(
    'leave the state as it was, so that the run ends with the same bytes: %s',
    async (...way) => {
      const [name, method, optimizer, changes] = way;
      const trained = async (runsAtCapture: number): Promise<unknown> => {
        const place = join(folder.path, name, String(runsAtCapture));
        const job = tinyJob(
          { folder: join(place, 'run'), base: join(folder.path, 'base'), images, method },
          { epochs: 1, checkpointEpochs: [1], optimizer: usualSettings(optimizer), ...changes },
        );
        device.runsAtCapture = runsAtCapture;
        await trainHere(job);
        const { 'metrics.jsonl': _, ...files } = await hashTree(job.folder);
        return { files, metrics: await readMetrics(job.folder) };
      };
      expect(await trained(3)).toEqual(await trained(1));
    },
  );
});
