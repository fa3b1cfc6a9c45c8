import { describe, expect, test } from 'vitest';

import { openRuntime } from '../../native/runtime/open-runtime.ts';
import { describeConformance } from './conformance.ts';
import { describeCpuFailures } from './cpu-failures.ts';
import { identity } from './models.ts';

const open = () => openRuntime('cpu', 'node', 2, 'CPU, 2 threads');

describeConformance('onnxruntime-node on the CPU', open);
describeCpuFailures('onnxruntime-node on the CPU', open);

describe('onnxruntime-node on the CPU', () => {
  test('reads and writes the very arrays it was given', async () => {
    const runtime = await open();
    const session = await runtime.createSession(identity('float32', [4]));
    const input = Float32Array.of(1, 2, 3, 4);
    const output = new Float32Array(4);
    const step = session.bind(
      { x: runtime.tensor('float32', [4], input) },
      { y: runtime.tensor('float32', [4], output) },
    );
    input[0] = 9;
    await step.run();
    expect(output).toEqual(Float32Array.of(9, 2, 3, 4));
    await runtime.dispose();
  });

  test('says what it is', async () => {
    const runtime = await open();
    expect(runtime.description).toMatch(/^ONNX Runtime \d+\.\d+\.\d+, CPU, 2 threads, onnxruntime-node$/);
    expect(runtime).toMatchObject({ provider: 'cpu', api: 'node' });
    await runtime.dispose();
  });
});
