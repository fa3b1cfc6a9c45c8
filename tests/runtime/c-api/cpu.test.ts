import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { describe, expect, test } from 'vitest';

import { allocate } from '../../../native/graph/data-type.ts';
import { loadOrt } from '../../../native/runtime/c-api/library.ts';
import { openRuntime } from '../../../native/runtime/open-runtime.ts';
import type { Runtime, Tensor } from '../../../native/runtime/runtime.ts';
import { describeConformance } from '../conformance.ts';
import { describeCpuFailures } from '../cpu-failures.ts';
import { adamw, contradictory, identity, linear, slow } from '../models.ts';

const open = () => openRuntime('cpu', 'c-api', 2, 'CPU, 2 threads');

describeConformance('the C API on the CPU', open);
describeCpuFailures('the C API on the CPU', open);

describe('the C API on the CPU', () => {
  test('says what it is', async () => {
    const runtime = await open();
    expect(runtime.description).toMatch(/^ONNX Runtime \d+\.\d+\.\d+, CPU, 2 threads, C API$/);
    expect(runtime).toMatchObject({ provider: 'cpu', api: 'c-api' });
    await runtime.dispose();
  });

  test('reads and writes the very arrays it was given, wherever in a buffer they begin', async () => {
    const runtime = await open();
    const session = await runtime.createSession(identity('float32', [4]));
    const buffer = new ArrayBuffer(64);
    const input = new Float32Array(buffer, 8, 4);
    const output = new Float32Array(buffer, 40, 4);
    const step = session.bind(
      { x: runtime.tensor('float32', [4], input) },
      { y: runtime.tensor('float32', [4], output) },
    );
    input.set([1, 2, 3, 4]);
    await step.run();
    expect(Array.from(new Float32Array(buffer))).toEqual([0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 1, 2, 3, 4, 0, 0]);
    await runtime.dispose();
  });

  test('small arrays stay where ONNX Runtime was told, whatever the garbage collector moves', async () => {
    const runtime = await open();
    const session = await runtime.createSession(identity('float32', [3]));
    const pairs = Array.from({ length: 200 }, (_, i) => {
      // At most 64 bytes: V8 makes these on its own heap, where they can move.
      const input = Float32Array.of(i, i + 1, i + 2);
      const output = allocate('float32', 3);
      const x = runtime.tensor('float32', [3], input);
      const y = runtime.tensor('float32', [3], output);
      return { input, output, step: session.bind({ x }, { y }) };
    });
    for (let round = 0; round < 3; round++) await collectEverything();
    for (const [i, { input, output, step }] of pairs.entries()) {
      input[0] = -i;
      await step.run();
      expect(output).toEqual(Float32Array.of(-i, i + 1, i + 2));
    }
    await runtime.dispose();
  });

  test('a bound run keeps the arrays of tensors nobody else holds', async () => {
    const runtime = await open();
    const session = await runtime.createSession(identity('float32', [100_000]));
    const output = new Float32Array(100_000);
    // In a function of its own, so that nothing of this one's frame still points to the input.
    const bindUnheld = () => {
      const input = new Float32Array(100_000).fill(7);
      const unused = new Float32Array(100_000).fill(7);
      runtime.tensor('float32', [100_000], unused);
      const step = session.bind(
        { x: runtime.tensor('float32', [100_000], input) },
        { y: runtime.tensor('float32', [100_000], output) },
      );
      return { step, input: new WeakRef(input), unused: new WeakRef(unused) };
    };
    const { step, input, unused } = bindUnheld();
    await collectEverything();
    expect(unused.deref()).toBeUndefined();
    expect(input.deref()).toBeDefined();
    await step.run();
    expect(output.every((number) => number === 7)).toBe(true);
    await runtime.dispose();
  });

  test('a session keeps the arrays of its initializers, until it is disposed', async () => {
    const runtime = await open();
    const makeUnheld = async () => {
      const data = new Float32Array(100_000).fill(1);
      const session = await runtime.createSession(linear(1, 1000, 100, ['w', 'b']), {
        initializers: {
          w: { type: 'float32', shape: [1000, 100], data },
          b: { type: 'float32', shape: [100], data: new Float32Array(100).fill(0.5) },
        },
      });
      return { session, data: new WeakRef(data) };
    };
    const { session, data } = await makeUnheld();
    await collectEverything();
    expect(data.deref()).toBeDefined();
    const y = new Float32Array(100);
    await session
      .bind(
        { x: runtime.tensor('float32', [1, 1000], new Float32Array(1000).fill(1)) },
        { y: runtime.tensor('float32', [1, 100], y) },
      )
      .run();
    expect(y).toEqual(new Float32Array(100).fill(1000.5));
    await session.dispose();
    await collectEverything();
    expect(data.deref()).toBeUndefined();
    await runtime.dispose();
  });

  test('the event loop turns while a graph runs', async () => {
    const runtime = await open();
    const session = await runtime.createSession(slow(400, 60));
    const step = session.bind(
      { x: runtime.tensor('float32', [400, 400]) },
      { y: runtime.tensor('float32', [400, 400]) },
    );
    const state = { done: false };
    let turns = 0;
    const run = step.run().then(() => (state.done = true));
    while (!state.done) {
      await sleep(0);
      turns++;
    }
    await run;
    // A run that blocked would let the loop turn once or twice: before it and after.
    expect(turns).toBeGreaterThan(4);
    await runtime.dispose();
  });

  test('hundreds of runs leave nothing behind', async () => {
    const ort = loadOrt();
    const before = ort.liveObjects();
    const runtime = await open();
    const session = await runtime.createSession(adamw(3, 10));
    const { inputs, outputs } = adamTensors(runtime, 3, 10);
    const step = session.bind(inputs, outputs);
    await step.run();
    const ready = ort.liveObjects();
    for (let i = 0; i < 500; i++) await step.run();
    expect(ort.liveObjects()).toBe(ready);

    for (let i = 0; i < 20; i++) {
      const other = session.bind(inputs, outputs);
      await other.run();
      other.dispose();
    }
    expect(ort.liveObjects()).toBe(ready);

    for (const tensor of new Set([...Object.values(inputs), ...Object.values(outputs)])) tensor.dispose();
    await runtime.dispose();
    expect(ort.liveObjects()).toBe(before);
  });

  test('what fails leaves nothing behind', async () => {
    const ort = loadOrt();
    const before = ort.liveObjects();
    const runtime = await open();
    const ready = ort.liveObjects();
    const w = { type: 'float32', shape: [3, 2], data: new Float32Array(6) } as const;
    await expect(runtime.createSession(contradictory(), { initializers: { w } })).rejects.toThrow();
    const wrong = { ...w, data: new Float32Array(5) };
    await expect(
      runtime.createSession(linear(2, 3, 2, ['b', 'w']), { initializers: { b: w, w: wrong } }),
    ).rejects.toThrow('has 6 elements, the array 5');
    expect(ort.liveObjects()).toBe(ready);
    await runtime.dispose();
    expect(ort.liveObjects()).toBe(before);
  });
});

function adamTensors(runtime: Runtime, count: number, length: number) {
  const one = (): Tensor => runtime.tensor('float32', [], Float32Array.of(1));
  const inputs: Record<string, Tensor> = { rate: one(), c1: one(), c2: one() };
  const outputs: Record<string, Tensor> = {};
  for (let i = 0; i < count; i++) {
    for (const name of ['p', 'm', 'v', 'g']) {
      const tensor = runtime.tensor('float32', [length]);
      inputs[`${name}${i}`] = tensor;
      if (name !== 'g') outputs[`${name}${i}'`] = tensor;
    }
  }
  return { inputs, outputs };
}

/** Collects what nothing refers to, and uses the freed memory, so that what was freed too early is overwritten. */
async function collectEverything(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // What a weak reference was made of stays until the end of the turn.
  await sleep(0);
  collect();
  await sleep(0);
  for (let i = 0; i < 50; i++) {
    new Float32Array(100_000).fill(-1);
    Array.from({ length: 1000 }, (_, j) => Float32Array.of(j, -1, -1));
  }
}
