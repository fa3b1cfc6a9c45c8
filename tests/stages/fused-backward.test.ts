import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type OptimizerKind, usualSettings } from '../../native/facts/optimizers.ts';
import { elementCount } from '../../native/graph/data-type.ts';
import { createOptimizer } from '../../native/optimizers/optimizers.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { buildArtifacts, type TrainingArtifacts } from '../../native/training/artifacts.ts';
import { fusedElements, planFusedBackward } from '../../native/training/fused-backward.ts';
import { drawnWeights } from '../../native/training/initial-weights.ts';
import { createTrainer, type TrainerOptions } from '../../native/training/trainer.ts';
import { relativeDifference } from '../graph/evaluate.ts';
import { batchOf } from './batch-of.ts';
import { smallUNetGraph } from './small-unet.ts';

const shapes = [
  { rows: 2, size: { height: 16, width: 16 } },
  { rows: 1, size: { height: 8, width: 16 } },
];

let runtime: Runtime;
/** By shape, in stages and whole. */
let staged: readonly TrainingArtifacts[];
let whole: readonly TrainingArtifacts[];
const built = (recompute: boolean): readonly TrainingArtifacts[] =>
  shapes.map((shape) => buildArtifacts(smallUNetGraph(shape), { tensorsAreArrays: true, recompute }));
beforeAll(async () => {
  runtime = await chooseRuntime({ provider: 'cpu', threads: 1 });
  [staged, whole] = [built(true), built(false)];
});
afterAll(() => runtime.dispose());

/** Three steps by turns of both shapes: losses, norms and all that is kept at the end. */
async function follow(
  kind: OptimizerKind,
  maxGradientNorm: number,
  way: Pick<TrainerOptions, 'fused' | 'piecewise' | 'onePass'>,
) {
  const artifacts = way.fused ? staged : whole;
  const trainer = await createTrainer({
    runtime,
    rule: { optimizer: createOptimizer(usualSettings(kind)), maxGradientNorm, ema: true },
    trainable: artifacts[0]!.trainable,
    initial: (parameter) => Promise.resolve(drawnWeights(parameter, 3)),
    frozen: ({ name }) => Promise.reject(new Error(name)),
    artifacts: ({ rows }) => artifacts[rows === 2 ? 0 : 1]!,
    accumulate: false,
    onePass: false,
    ...way,
  });
  const seen: number[] = [];
  for (const step of [1, 2, 3]) {
    // Shapes are all the same to optimizers: one of them is enough to see that.
    const which = kind === 'adamw' ? (step + 1) % 2 : 0;
    const rates = { step, learningRate: 1e-3, emaDecay: 0.5 };
    seen.push(await trainer.backward(shapes[which]!, batchOf(artifacts[which]!), true, rates));
    seen.push(await trainer.update(rates.step, rates.learningRate, rates.emaDecay));
  }
  const kept = new Map<string, Float32Array | Uint8Array>();
  for (const { kind: what, name, form } of trainer.kept) {
    const { type, shape } = form;
    const into =
      type === 'uint8' ? new Uint8Array(elementCount(shape)) : new Float32Array(elementCount(shape));
    kept.set(`${what}/${name}`, await trainer.readState(what, name, into));
  }
  await trainer.dispose();
  return { seen, kept };
}

/** The names of what is not the same bytes: comparing a million numbers one by one would take longer than the training. */
function unlike(found: Followed, expected: Followed): readonly string[] {
  const bytes = ({ buffer, byteOffset, byteLength }: Float32Array | Uint8Array): Buffer =>
    Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
  return [...expected.kept].flatMap(([name, values]) =>
    bytes(values).equals(bytes(found.kept.get(name)!)) ? [] : [name],
  );
}

type Followed = Awaited<ReturnType<typeof follow>>;

/** But for the rounding of the norm's factor, which is found in double precision here and in single precision there. */
function expectAlike(found: Followed, expected: Followed): void {
  expect(relativeDifference(found.seen, expected.seen)).toBeLessThan(1e-6);
  for (const [name, values] of expected.kept) {
    const others = found.kept.get(name)!;
    if (values instanceof Float32Array)
      expect(relativeDifference([...(others as Float32Array)], [...values]), name).toBeLessThan(1e-4);
    else expect(Math.max(...values.map((code, i) => Math.abs(code - others[i]!))), name).toBeLessThan(2);
  }
}

describe.each(['adamw', 'lion', 'adamw8bit', 'adafactor'] as const)('%s', (kind) => {
  test('gives the very numbers whether it updates all weights at once, one by one or during the backward pass', async () => {
    const free = await follow(kind, 0, { piecewise: false });
    const fused = await follow(kind, 0, { fused: true });
    expect(unlike(fused, free)).toEqual([]);
    fused.seen.forEach((value, i) => {
      expect(Math.abs(value / free.seen[i]! - 1)).toBeLessThan(1e-6);
    });
    // Clipping by the norm of all, which is far above the bound.
    const clipped = await follow(kind, 0.01, { piecewise: false });
    const pieces = await follow(kind, 0.01, { piecewise: true });
    expectAlike(pieces, clipped);
    expect(unlike(clipped, free)).not.toEqual([]);
  });
});

test('a gradient that is applied during the backward pass is clipped by its own norm', async () => {
  const bound = 1e-3;
  const [free, clipped] = [
    await follow('adamw', 0, { fused: true }),
    await follow('adamw', bound, { fused: true }),
  ];
  const norms = (kept: Followed['kept']) =>
    [...kept].flatMap(([name, values]) => (name.startsWith('firstMoment/') ? [Math.hypot(...values)] : []));
  // After three steps, each of which keeps nine tenths of what was.
  const most = 2.71 * bound;
  expect(norms(clipped.kept).every((norm) => norm <= most * 1.001)).toBe(true);
  expect(norms(free.kept).some((norm) => norm > 2 * most)).toBe(true);
  expect(clipped.seen[1]).toBe(free.seen[1]);
});

test('gradients that are applied during the backward pass take the memory of one stage’s', () => {
  const { differentiated, trainable } = staged[0]!;
  const all = trainable.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const plan = planFusedBackward(differentiated, trainable);
  expect(fusedElements(staged[0]!)).toBeLessThan(0.35 * all);
  expect([...plan.after.values()].flat().toSorted()).toEqual(trainable.map(({ name }) => name).toSorted());
});
