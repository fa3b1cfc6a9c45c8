import { afterAll, describe, expect, test } from 'vitest';

import { createCApiRuntime } from '../../../native/runtime/c-api/runtime.ts';
import { openRuntime } from '../../../native/runtime/open-runtime.ts';
import { followSteps, stepVariants } from '../../training/followed-steps.ts';
import { linear } from '../models.ts';

/** There is nothing to capture on the processor, but its sessions then go by the thread that captured ones have for themselves. */
const runtime = await createCApiRuntime({
  provider: 'cpu',
  threads: 1,
  description: 'CPU',
  tuning: { cudaGraphs: true },
});
afterAll(() => runtime.dispose());

const ones = (...shape: number[]) =>
  runtime.tensor(
    'float32',
    shape,
    new Float32Array(shape.reduce((product, extent) => product * extent)).fill(1),
  );

describe('a session that is captured', () => {
  test('runs on a thread of its own as often as it is asked to', async () => {
    const session = await runtime.createSession(linear(2, 3, 2), { capture: true });
    const [x, y] = [ones(2, 3), runtime.tensor('float32', [2, 2])];
    const bound = session.bind({ x, w: ones(3, 2), b: ones(2) }, { y });
    for (const factor of [1, 2, 3]) {
      x.write(new Float32Array(6).fill(factor));
      await bound.run();
      expect(await y.read(new Float32Array(4))).toEqual(new Float32Array(4).fill(3 * factor + 1));
    }
  });

  test('has one binding, for another would overwrite what the first reads at each replay', async () => {
    const session = await runtime.createSession(linear(2, 3, 2), { capture: true });
    const inputs = { x: ones(2, 3), w: ones(3, 2), b: ones(2) };
    session.bind(inputs, { y: ones(2, 2) });
    expect(() => session.bind(inputs, { y: ones(2, 2) })).toThrow('one binding');
    await expect(session.run(inputs, ['y'])).rejects.toThrow('by its binding');
  });

  test('trains to the numbers of one that is not', async () => {
    const variant = stepVariants.find(({ name }) => name === 'lora')!;
    const way = { onePass: false, matrixConv: true };
    const cpu = await openRuntime('cpu', 'c-api', 1, 'CPU');
    const [expected, captured] = [
      await followSteps(cpu, variant, 3, way),
      await followSteps(runtime, variant, 3, way),
    ];
    expect(runtime.captures).toBe(true);
    expect([captured.losses, captured.norms]).toEqual([expected.losses, expected.norms]);
    for (const { trainer } of [expected, captured]) await trainer.dispose();
    await cpu.dispose();
  });
});
