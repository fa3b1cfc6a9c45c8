import { expect, test } from 'vitest';

import { Graph } from '../../native/graph/graph.ts';
import { add } from '../../native/graph/ops/elementwise.ts';
import { serializeModel } from '../../native/graph/serialize.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';

test('sessions that run by turns are opened where onnxruntime-node’s own binding came first, which has no threads to share', async () => {
  const graph = new Graph();
  const { model } = serializeModel(graph, { y: add(graph.input('x', 'float32', [2]), 1) });
  const first = await chooseRuntime({ provider: 'cpu', api: 'node' });
  await (await first.createSession(model)).dispose();
  const runtime = await chooseRuntime({ provider: 'cpu', api: 'c-api' });
  for (const _ of [1, 2]) {
    const session = await runtime.createSession(model, { byTurns: true });
    const y = runtime.tensor('float32', [2]);
    const run = session.bind({ x: runtime.tensor('float32', [2], Float32Array.of(1, 2)) }, { y });
    await run.run();
    expect(await y.read(new Float32Array(2))).toEqual(Float32Array.of(2, 3));
    run.dispose();
  }
  await runtime.dispose();
  await first.dispose();
});
