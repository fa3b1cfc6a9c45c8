import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { allocate, type DataType, elementCount } from '../../native/graph/data-type.ts';
import type { Runtime, Tensor } from '../../native/runtime/runtime.ts';
import { adam, adamw, contradictory, identity, linear, mixedTypes } from './models.ts';

const f32 = (...numbers: number[]): Float32Array<ArrayBuffer> => Float32Array.from(numbers);

/** What a runtime promises, whichever provider and way into ONNX Runtime it is. Sums here are exact in float32. */
export function describeConformance(name: string, open: () => Promise<Runtime>): void {
  describe(name, () => {
    let runtime: Runtime;
    beforeAll(async () => {
      runtime = await open();
    });
    afterAll(async () => {
      await runtime.dispose();
    });

    const linearTensors = () => ({
      x: runtime.tensor('float32', [2, 3], f32(1, 2, 3, 4, 5, 6)),
      w: runtime.tensor('float32', [3, 2], f32(1, 0, 0, 1, 1, 1)),
      b: runtime.tensor('float32', [2], f32(0.5, -0.5)),
    });

    test('says what a graph takes and gives', async () => {
      const session = await runtime.createSession(linear(2, 3, 2));
      expect(session.inputNames).toEqual(['x', 'w', 'b']);
      expect(session.outputNames).toEqual(['xw', 'y']);
    });

    test('binds once and sees what inputs hold at each run', async () => {
      const session = await runtime.createSession(linear(2, 3, 2));
      const inputs = linearTensors();
      const y = runtime.tensor('float32', [2, 2]);
      const step = session.bind(inputs, { y });
      await step.run();
      expect(await y.read(new Float32Array(4))).toEqual(f32(4.5, 4.5, 10.5, 10.5));
      inputs.x.write(f32(0, 0, 0, 1, 1, 1));
      inputs.b.write(f32(1, 2));
      await step.run();
      expect(await y.read(new Float32Array(4))).toEqual(f32(1, 2, 3, 4));
    });

    test('a tensor without data is zeros, however large', async () => {
      for (const [type, shape] of [
        ['float32', [3]],
        ['float32', [300, 1000]],
        ['float16', [70_000]],
        ['uint8', [500, 256]],
      ] as const) {
        const data = await runtime.tensor(type, shape).read(allocate(type, elementCount(shape)).fill(1));
        expect(
          data.every((value) => value === 0),
          `${type} [${shape.join(', ')}]`,
        ).toBe(true);
      }
    });

    test('fetches the outputs that are bound, one or several', async () => {
      const session = await runtime.createSession(linear(2, 3, 2));
      const inputs = linearTensors();
      const xw = runtime.tensor('float32', [2, 2]);
      const y = runtime.tensor('float32', [2, 2]);
      await session.bind(inputs, { xw }).run();
      expect(await xw.read(new Float32Array(4))).toEqual(f32(4, 5, 10, 11));
      expect(await y.read(new Float32Array(4))).toEqual(f32(0, 0, 0, 0));
      await session.bind(inputs, { xw, y }).run();
      expect(await y.read(new Float32Array(4))).toEqual(f32(4.5, 4.5, 10.5, 10.5));
    });

    test('one tensor is the output of one graph and the input of the next', async () => {
      const first = await runtime.createSession(linear(2, 3, 2));
      const second = await runtime.createSession(identity('float32', [2, 2]));
      const y = runtime.tensor('float32', [2, 2]);
      const z = runtime.tensor('float32', [2, 2]);
      await first.bind(linearTensors(), { y }).run();
      await second.bind({ x: y }, { y: z }).run();
      expect(await z.read(new Float32Array(4))).toEqual(f32(4.5, 4.5, 10.5, 10.5));
    });

    test('runs a graph whose outputs have shapes that only the run tells, from bytes and from a file', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'screenfold ü '));
      try {
        const path = join(folder, 'linear.onnx');
        await writeFile(path, linear(2, 3, 2));
        for (const model of [linear(2, 3, 2), path]) {
          const session = await runtime.createSession(model);
          expect(session.inputs[0]).toEqual({ name: 'x', type: 'float32', shape: [2, 3] });
          expect(session.outputs[1]).toEqual({ name: 'y', type: 'float32', shape: [2, 2] });
          const inputs = linearTensors();
          const { y } = await session.run(inputs, ['y']);
          expect(y).toEqual({ type: 'float32', shape: [2, 2], data: f32(4.5, 4.5, 10.5, 10.5) });
          inputs.b.write(f32(0, 0));
          const both = await session.run(inputs, ['y', 'xw']);
          expect(both.y.data).toEqual(both.xw.data);
          expect(y.data).toEqual(f32(4.5, 4.5, 10.5, 10.5));
          await session.dispose();
        }
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });

    test('takes initializers whose bytes are not in the model', async () => {
      const model = linear(2, 3, 2, ['w', 'b']);
      const session = await runtime.createSession(model, {
        initializers: {
          w: { type: 'float32', shape: [3, 2], data: f32(1, 0, 0, 1, 1, 1) },
          b: { type: 'float32', shape: [2], data: f32(0.5, -0.5) },
        },
      });
      expect(session.inputNames).toEqual(['x']);
      const y = runtime.tensor('float32', [2, 2]);
      await session.bind({ x: linearTensors().x }, { y }).run();
      expect(await y.read(new Float32Array(4))).toEqual(f32(4.5, 4.5, 10.5, 10.5));
    });

    test('is written over the array a tensor was made with exactly where it says so', async () => {
      const session = await runtime.createSession(identity('float32', [2]));
      const [given, written] = [f32(1, 2), f32(0, 0)];
      const x = runtime.tensor('float32', [2], given);
      const y = runtime.tensor('float32', [2], written);
      given[0] = 7;
      await session.bind({ x }, { y }).run();
      const read = await y.read(new Float32Array(2));
      expect(read).toEqual(runtime.tensorsAreArrays ? f32(7, 2) : f32(1, 2));
      expect(written).toEqual(runtime.tensorsAreArrays ? read : f32(0, 0));
    });

    test('prefers convolutions of matrix products on the CPU alone', () => {
      expect(runtime.prefersMatrixConv).toBe(runtime.provider === 'cpu');
    });

    test('an optimizer runs over its own parameters and moments', async () => {
      expect(runtime.runsInPlace).toBe(true);
      const length = 100;
      const session = await runtime.createSession(adamw(1, length));
      const start = Float32Array.from({ length }, (_, i) => Math.sin(i));
      const scalars = { rate: scalar(), c1: scalar(), c2: scalar() };
      const [p, m, v, g] = [start, undefined, undefined, undefined].map((data) =>
        runtime.tensor('float32', [length], data?.slice()),
      ) as [Tensor, Tensor, Tensor, Tensor];
      const step = session.bind({ ...scalars, p0: p, m0: m, v0: v, g0: g }, { "p0'": p, "m0'": m, "v0'": v });

      const expected = {
        p: Float64Array.from(start),
        m: new Float64Array(length),
        v: new Float64Array(length),
      };
      for (let t = 1; t <= 20; t++) {
        const rate = 0.01 / t;
        const c1 = 1 / (1 - adam.beta1 ** t);
        const c2 = 1 / (1 - adam.beta2 ** t);
        const gradient = Float32Array.from({ length }, (_, i) => Math.cos(i * t));
        scalars.rate.write(f32(rate));
        scalars.c1.write(f32(c1));
        scalars.c2.write(f32(c2));
        g.write(gradient);
        await step.run();
        for (let i = 0; i < length; i++) {
          const slope = gradient[i]!;
          const mean = (expected.m[i] = adam.beta1 * expected.m[i]! + (1 - adam.beta1) * slope);
          const square = (expected.v[i] = adam.beta2 * expected.v[i]! + (1 - adam.beta2) * slope * slope);
          const kept = expected.p[i]! * (1 - rate * adam.decay);
          expected.p[i] = kept - (rate * mean * c1) / (Math.sqrt(square * c2) + adam.epsilon);
        }
      }
      // float32 against float64 over 20 steps of sums below 1: a few units in the last place of 1, 1.2e-7 each.
      expect(await difference(p, expected.p)).toBeLessThan(2e-6);
      expect(await difference(m, expected.m)).toBeLessThan(2e-6);
      expect(await difference(v, expected.v)).toBeLessThan(2e-6);

      function scalar(): Tensor {
        return runtime.tensor('float32', []);
      }
    });

    test.each([
      ['float32', f32(1.5, -0, Infinity)],
      ['float16', Uint16Array.of(0x3c00, 0xc000, 0x7c00)],
      ['int64', BigInt64Array.of(2n ** 62n, -1n, 0n)],
      ['int32', Int32Array.of(2 ** 30, -1, 0)],
      ['uint8', Uint8Array.of(255, 1, 0)],
      ['bool', Uint8Array.of(1, 0, 1)],
    ] as const)('%s goes in and comes out', async (type: DataType, data) => {
      const session = await runtime.createSession(identity(type, [3]));
      const x = runtime.tensor(type, [3], data);
      const y = runtime.tensor(type, [3]);
      await session.bind({ x }, { y }).run();
      expect(await y.read(allocate(type, 3))).toEqual(data);
    });

    test('types meet in one graph', async () => {
      const session = await runtime.createSession(mixedTypes());
      const x = runtime.tensor('float16', [2, 3], Uint16Array.of(0, 0x3c00, 0x4000, 0xc000, 0x3800, 0x4200));
      const count = runtime.tensor('int64', [], BigInt64Array.of(41n));
      const y = runtime.tensor('float32', [2, 3]);
      const big = runtime.tensor('bool', [2, 3]);
      const next = runtime.tensor('int64', []);
      const step = session.bind({ x, count }, { y, big, next });
      await step.run();
      expect(await y.read(new Float32Array(6))).toEqual(f32(0, 2, 4, -4, 1, 6));
      expect(await big.read(new Uint8Array(6))).toEqual(Uint8Array.of(0, 0, 1, 0, 0, 1));
      expect(await next.read(new BigInt64Array(1))).toEqual(BigInt64Array.of(42n));
      count.write(BigInt64Array.of(99n));
      await step.run();
      expect(await next.read(new BigInt64Array(1))).toEqual(BigInt64Array.of(100n));
    });

    test('a shape that contradicts the declared one is refused, not merged', async () => {
      await expect(runtime.createSession(contradictory())).rejects.toMatchObject({
        code: 'graph-refused',
        message: expect.stringMatching(/Inferred=4 Declared=3/) as string,
      });
    });

    test('what is no model is refused', async () => {
      await expect(runtime.createSession(new Uint8Array(100).fill(7))).rejects.toMatchObject({
        code: 'graph-refused',
      });
    });

    test('says which input is missing, unknown, of another type or of another shape', async () => {
      const session = await runtime.createSession(linear(2, 3, 2));
      const { x, w, b } = linearTensors();
      const y = runtime.tensor('float32', [2, 2]);
      expect(() => session.bind({ x, w }, { y })).toThrow('input b was given no tensor');
      expect(() => session.bind({ x, w, b, c: b }, { y })).toThrow('no input c; it has x, w, b');
      expect(() => session.bind({ x, w, b }, { z: y })).toThrow('no output z; it has xw, y');
      const whole = runtime.tensor('int32', [2]);
      expect(() => session.bind({ x, w, b: whole }, { y })).toThrow(
        'input b is float32, the tensor is int32',
      );
      expect(() => session.bind({ x: w, w, b }, { y })).toThrow(
        'input x has the shape [2, 3], the tensor [3, 2]',
      );
      expect(() => session.bind({ x, w, b }, { y: b })).toThrow(
        'output y has the shape [2, 2], the tensor [2]',
      );
    });

    test('a tensor takes only an array of its type and size', async () => {
      expect(() => runtime.tensor('float32', [2, 2], f32(1, 2, 3))).toThrow('has 4 elements, the array 3');
      expect(() => runtime.tensor('float16', [1], f32(1))).toThrow(
        'held in a Uint16Array, not a Float32Array',
      );
      expect(() => runtime.tensor('float32', [-1])).toThrow("can't have the shape [-1]");
      const tensor = runtime.tensor('float32', [2]);
      expect(() => {
        tensor.write(f32(1));
      }).toThrow('has 2 elements, the array 1');
      await expect(tensor.read(new Float32Array(3))).rejects.toThrow('has 2 elements, the array 3');
    });

    test('disposing twice is harmless, using what was disposed is not', async () => {
      const session = await runtime.createSession(identity('float32', [1]));
      const x = runtime.tensor('float32', [1]);
      const y = runtime.tensor('float32', [1]);
      const step = session.bind({ x }, { y });
      await step.run();
      step.dispose();
      step.dispose();
      await expect(step.run()).rejects.toThrow('bound run was disposed');
      x.dispose();
      x.dispose();
      expect(() => session.bind({ x }, { y })).toThrow('tensor was disposed');
      expect(() => {
        x.write(f32(1));
      }).toThrow('tensor was disposed');
      await session.dispose();
      await session.dispose();
      expect(() => session.bind({ x: y }, { y })).toThrow('session was disposed');
    });

    test('a session waits for its run before it goes', async () => {
      const session = await runtime.createSession(linear(2, 3, 2));
      const y = runtime.tensor('float32', [2, 2]);
      const run = session.bind(linearTensors(), { y }).run();
      await session.dispose();
      await run;
      expect(await y.read(new Float32Array(4))).toEqual(f32(4.5, 4.5, 10.5, 10.5));
    });

    test('what is begun is done in that order, where the runtime keeps it', async () => {
      const session = await runtime.createSession(linear(2, 3, 2));
      const inputs = linearTensors();
      const y = runtime.tensor('float32', [2, 2]);
      const step = session.bind(inputs, { y });
      const found: Promise<Float32Array>[] = [];
      for (const bias of [0, 10, 20]) {
        const work = [inputs.b.writeInTurn(f32(bias, bias)), step.runInTurn!()];
        if (!runtime.keepsOrder) await Promise.all(work);
        found.push(y.read(new Float32Array(4)));
      }
      const expected = [0, 10, 20].map((bias) => f32(4, 5, 10, 11).map((sum) => sum + bias));
      expect(await Promise.all(found)).toEqual(expected);
    });

    test('a bound run runs once at a time', async () => {
      const session = await runtime.createSession(linear(2, 3, 2));
      const step = session.bind(linearTensors(), { y: runtime.tensor('float32', [2, 2]) });
      const first = step.run();
      await expect(step.run()).rejects.toThrow('already running');
      await first;
    });
  });
}

async function difference(tensor: Tensor, expected: Float64Array): Promise<number> {
  const actual = await tensor.read(new Float32Array(expected.length));
  return Math.max(...actual.map((number, i) => Math.abs(number - expected[i]!)));
}
