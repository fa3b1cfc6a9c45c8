/**
 * Opens the runtime, lets the garbage collector run while nothing but the runtime is held, then makes a session and runs
 * it; prints the result. In a process of its own, since a library unloaded too soon ends the process.
 */
import { setTimeout } from 'node:timers/promises';

import { createCApiRuntime } from '../../../native/runtime/c-api/runtime.ts';
import { linear } from '../models.ts';

const collect = (globalThis as { gc?: () => void }).gc!;
const runtime = await createCApiRuntime({ provider: 'cpu', threads: 1, description: 'CPU' });
for (let turn = 0; turn < 10; turn++) {
  collect();
  await setTimeout(1);
}
const session = await runtime.createSession(linear(1, 2, 1));
const y = runtime.tensor('float32', [1, 1]);
const step = session.bind(
  {
    x: runtime.tensor('float32', [1, 2], Float32Array.of(2, 3)),
    w: runtime.tensor('float32', [2, 1], Float32Array.of(5, 7)),
    b: runtime.tensor('float32', [1], Float32Array.of(11)),
  },
  { y },
);
collect();
await step.run();
console.log((await y.read(new Float32Array(1)))[0]);
await runtime.dispose();
