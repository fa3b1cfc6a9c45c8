import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { optimizerKinds, usualSettings } from '../../native/facts/optimizers.ts';
import type { Parameter } from '../../native/models/parameter.ts';
import { loraPlus } from '../../native/optimizers/lora-plus.ts';
import type { Optimizer } from '../../native/optimizers/optimizer.ts';
import { createOptimizer } from '../../native/optimizers/optimizers.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { createStepper } from '../../native/training/stepper.ts';
import { placeState } from '../../native/training/trained-state.ts';

const parameter = (part: 'down' | 'up'): Parameter => ({
  ...{ name: part, component: 'unet', key: part, shape: [3, 5], role: 'adapter', layout: 'state-dict' },
  ...{ type: 'float32', initialization: { kind: 'constant', value: 0 }, trained: true },
  adapter: { module: 'any', part, kernel: [] },
});
const numbers = (factor: number) => Float32Array.from({ length: 15 }, (_, i) => Math.sin(factor * (i + 1)));

/** Weights after a step by the same gradient. */
async function stepped(
  runtime: Runtime,
  optimizer: Optimizer,
  learningRate: number,
  way: { readonly onePass: boolean; readonly piecewise?: boolean },
): Promise<Readonly<Record<'down' | 'up', Float32Array>>> {
  const rule = { optimizer, maxGradientNorm: 0, ema: false };
  const trainable = [parameter('up'), parameter('down')];
  const initial = () => Promise.resolve(numbers(1));
  const state = await placeState({ runtime, rule, trainable, initial, accumulate: false, ...way }, 1);
  for (const tensor of state.gradient.values()) tensor.write(numbers(2));
  const { onePass } = state;
  const stepper = await createStepper({
    ...{ runtime, trainable: state.trainable, rule, state, onePass, accumulate: false },
    piecewise: way.piecewise,
  });
  await stepper.update(1, learningRate, 0, 1);
  const read = (name: string) => state.kept.get('parameter')!.get(name)!.read(new Float32Array(15));
  const found = { down: (await read('down')).slice(), up: (await read('up')).slice() };
  await stepper.dispose();
  state.dispose();
  return found;
}

describe('LoRA+', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await chooseRuntime({ provider: 'cpu', api: 'c-api', threads: 1 });
  });
  afterAll(() => runtime.dispose());

  test.each(optimizerKinds)(
    'has %s move up matrices, and them alone, by its times the rate',
    async (kind) => {
      const optimizer = createOptimizer(usualSettings(kind));
      const plus = loraPlus(optimizer, 4);
      const way = { onePass: false };
      const [slow, fast] = [
        await stepped(runtime, optimizer, 1e-2, way),
        await stepped(runtime, optimizer, 4e-2, way),
      ];
      const both = await stepped(runtime, plus, 1e-2, way);
      expect(both.down).toEqual(slow.down);
      // The factor is multiplied in another order where an estimate is the same for all.
      both.up.forEach((value, i) => {
        expect(value).toBeCloseTo(fast.up[i]!, 6);
      });
      expect(fast.up).not.toEqual(slow.up);
      // One pass, where there is one, and weight by weight.
      const others = [{ onePass: true }, ...(kind === 'prodigy' ? [] : [{ ...way, piecewise: true }])];
      for (const other of others) {
        const again = await stepped(runtime, plus, 1e-2, other);
        for (const part of ['down', 'up'] as const)
          again[part].forEach((value, i) => {
            expect(value).toBeCloseTo(both[part][i]!, 6);
          });
      }
    },
  );
});
