import { describe, expect, test } from 'vitest';

import { loadOrt } from '../../../native/runtime/c-api/library.ts';
import { openRuntime } from '../../../native/runtime/open-runtime.ts';
import { detectProviders } from '../../../native/runtime/providers.ts';
import type { Tensor } from '../../../native/runtime/runtime.ts';
import { relativeDifference } from '../../graph/evaluate.ts';
import { withNewKinds } from '../../graph/typed-nodes.ts';
import { temporaryFolder } from '../../images/pictures.ts';
import { everyGraph } from '../../training/every-graph.ts';
import { describeConformance } from '../conformance.ts';
import { identity } from '../models.ts';
import { unetStep } from '../unet-step.ts';

const webgpu = (await detectProviders()).find(({ provider }) => provider === 'webgpu');
const folder = temporaryFolder();
const open = () => openRuntime('webgpu', 'c-api', 2, 'WebGPU');

if (webgpu?.available) {
  describeConformance(`the C API on WebGPU (${webgpu.reason})`, open);

  describe('the C API on WebGPU', () => {
    test('a tensor is a copy on the device, changed by write alone', async () => {
      const runtime = await open();
      const session = await runtime.createSession(identity('float32', [2]));
      const data = Float32Array.of(1, 2);
      const x = runtime.tensor('float32', [2], data);
      const y = runtime.tensor('float32', [2]);
      data[0] = 9;
      await session.bind({ x }, { y }).run();
      expect(await y.read(new Float32Array(2))).toEqual(Float32Array.of(1, 2));
      await runtime.dispose();
    });

    test('what was begun is done before what it is done to is given back', async () => {
      const before = loadOrt().liveObjects();
      for (let turn = 0; turn < 4; turn++) {
        const runtime = await open();
        const session = await runtime.createSession(identity('float32', [4096]));
        const [x, y, other] = [1, 2, 3].map((value) =>
          runtime.tensor('float32', [4096], new Float32Array(4096).fill(value)),
        ) as [Tensor, Tensor, Tensor];
        const run = session.bind({ x }, { y });
        const begun = Array.from({ length: 6 }, (_, i) => [
          x.writeInTurn(new Float32Array(4096).fill(i)),
          run.runInTurn!(),
          other.writeInTurn(new Float32Array(4096).fill(i)),
        ]).flat();
        const read = y.read(new Float32Array(4096));
        const readOther = other.read(new Float32Array(4096));
        other.dispose();
        other.dispose();
        expect(() => {
          other.write(new Float32Array(4096));
        }).toThrow('The tensor was disposed.');
        await Promise.all([runtime.dispose(), runtime.dispose(), ...begun]);
        expect((await read)[4095]).toBe(5);
        expect((await readOther)[4095]).toBe(5);
        expect(loadOrt().liveObjects()).toBe(before);
      }
    }, 240_000);

    test("a UNet's loss and the gradients of all its parameters are the CPU's", async () => {
      const [cpu, gpu] = [await openRuntime('cpu', 'c-api', 2, 'CPU'), await open()];
      const [expected, actual] = [await unetStep(cpu), await unetStep(gpu)];
      expect(actual.size).toBeGreaterThan(100);
      for (const [name, values] of actual) {
        if (name.endsWith('to_k.bias')) {
          // Zero but for rounding: softmax does not see what is added to a whole row.
          expect(Math.max(...values.map(Math.abs)), name).toBeLessThan(1e-6);
        } else {
          // By the norm: float32 sums of some thousand terms, in another order.
          expect(relativeDifference(values, expected.get(name)!), name).toBeLessThanOrEqual(1e-4);
        }
      }
      await cpu.dispose();
      await gpu.dispose();
      // A software driver compiles every shader on a machine that has not seen it.
    }, 240_000);

    test('graphs of training and sampling are taken whole, without an operator for the processor', async () => {
      const runtime = await open();
      // Of graphs with the same kinds of nodes one tells for all; all of them would take a minute.
      const graphs = withNewKinds(await everyGraph(folder.path, 'webgpu'));
      expect(graphs.length).toBeGreaterThan(15);
      for (const { name, model, initializers } of graphs) {
        const made = runtime.createSession(model, { initializers, cpuFallback: false });
        await expect(made, name).resolves.toBeDefined();
        await (await made).dispose();
      }
      await runtime.dispose();
    }, 180_000);

    test('everything on the device is given back', async () => {
      const ort = loadOrt();
      const before = ort.liveObjects();
      const runtime = await open();
      const session = await runtime.createSession(identity('float32', [2]));
      const x = runtime.tensor('float32', [2]);
      const step = session.bind({ x }, { y: runtime.tensor('float32', [2]) });
      const ready = ort.liveObjects();
      for (let i = 0; i < 50; i++) {
        x.write(Float32Array.of(i, i));
        await step.run();
        await x.read(new Float32Array(2));
      }
      expect(ort.liveObjects()).toBe(ready);
      await runtime.dispose();
      expect(ort.liveObjects()).toBe(before);
    });
  });
} else {
  test('the C API on WebGPU', (context) => {
    const reason = `WebGPU is not available here: ${webgpu?.reason ?? 'it was not looked for'}`;
    process.stdout.write(`${reason}\n`);
    context.skip(reason);
  });
}
