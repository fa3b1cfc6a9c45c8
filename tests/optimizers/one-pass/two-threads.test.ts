import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import openWabt from 'wabt';

import { runOnTwoThreads, type TwoThreads } from '../../../native/optimizers/one-pass/two-threads.ts';

/** Adds `more` to every number from `at` to `end`, and returns how many there were. */
const source = `(module
  (import "state" "memory" (memory 1 1 shared))
  (func (export "nothing") (param i32 i32))
  (func (export "raise") (param $at i32) (param $end i32) (param $more f32) (result f64)
    (local $count f64)
    (loop $next
      (f32.store (local.get $at) (f32.add (f32.load (local.get $at)) (local.get $more)))
      (local.set $count (f64.add (local.get $count) (f64.const 1)))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
    (local.get $count)))`;

describe('a function over a shared memory, on two threads', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const numbers = new Float32Array(memory.buffer);
  let threads: TwoThreads;
  async function startThreads(): Promise<TwoThreads> {
    const wabt = await openWabt();
    const parsed = wabt.parseWat('raise.wat', source, { threads: true });
    const module = new WebAssembly.Module(parsed.toBinary({}).buffer);
    parsed.destroy();
    return runOnTwoThreads(module, memory, 64);
  }
  beforeAll(async () => {
    threads = await startThreads();
    // The other thread has begun to listen.
    await new Promise((resolve) => setTimeout(resolve, 500));
  });
  afterAll(() => threads.dispose());

  test.each([4, 64, 68, 128, 4000, 65_536])('is called for each of %i bytes once', (end) => {
    numbers.fill(0);
    expect(threads.call('raise', 0, end, 2.5)).toBe(end / 4);
    expect(numbers.subarray(0, end / 4).every((number) => number === 2.5)).toBe(true);
    expect(numbers.subarray(end / 4).every((number) => number === 0)).toBe(true);
  });

  test('is done when the call returns, however often it is called', () => {
    numbers.fill(0);
    for (let turn = 1; turn <= 500; turn++) {
      threads.call('raise', 0, 1024, 1);
      expect([numbers[0], numbers[255]]).toEqual([turn, turn]);
    }
  });

  test('gives the same while the other thread is not there yet', async () => {
    const late = await startThreads();
    numbers.fill(0);
    // In the turn of the event loop it was started in.
    expect(late.call('raise', 0, 4000, 1)).toBe(1000);
    expect(numbers.subarray(0, 1000).every((number) => number === 1)).toBe(true);
    await late.dispose();
  });

  test('gives the same once the other thread has ended', async () => {
    const alone = await startThreads();
    await new Promise((resolve) => setTimeout(resolve, 500));
    await alone.dispose();
    numbers.fill(0);
    expect(alone.call('raise', 0, 4000, 1)).toBe(1000);
    expect(numbers.subarray(0, 1000).every((number) => number === 1)).toBe(true);
  });

  test('may return nothing', () => {
    expect(threads.call('nothing', 0, 1024)).toBe(0);
  });
});
