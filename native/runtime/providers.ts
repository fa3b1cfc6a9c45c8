import { availableParallelism } from 'node:os';

import type { DeviceChoice } from '../jobs.ts';
import { createCApiRuntime } from './c-api/runtime.ts';
import { loadOrt } from './c-api/library.ts';
import type { Runtime } from './runtime.ts';

/** The best runtime this machine has for what was asked. */
export async function chooseRuntime(choice: DeviceChoice): Promise<Runtime> {
  const threads = choice.threads ?? availableParallelism();
  return createCApiRuntime({
    provider: 'cpu',
    threads,
    description: `ONNX Runtime ${loadOrt().version}, CPU, ${threads} threads, C API`,
  });
}
