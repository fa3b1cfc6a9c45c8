import { describe, expect, test } from 'vitest';

import type { Runtime } from '../../native/runtime/runtime.ts';
import { enormous, lookUp } from './models.ts';

/** How runs that fail on the CPU are told; a GPU reads past the end of a tensor without a word. */
export function describeCpuFailures(name: string, open: () => Promise<Runtime>): void {
  describe(`${name}, when a run fails`, () => {
    test('says why, and runs again when that is put right', async () => {
      const runtime = await open();
      const session = await runtime.createSession(lookUp());
      const table = runtime.tensor('float32', [2, 2], Float32Array.of(1, 2, 3, 4));
      const row = runtime.tensor('int64', [], BigInt64Array.of(5n));
      const y = runtime.tensor('float32', [2]);
      const step = session.bind({ table, row }, { y });
      await expect(step.run()).rejects.toMatchObject({
        code: 'graph-run-failed',
        message: expect.stringMatching(/Gather.*out of.*bounds/s) as string,
      });
      row.write(BigInt64Array.of(1n));
      await step.run();
      expect(await y.read(new Float32Array(2))).toEqual(Float32Array.of(3, 4));
      await runtime.dispose();
    });

    test('says that memory was what it lacked', async () => {
      const runtime = await open();
      // 256 TiB in one tensor, more than a process can address.
      const session = await runtime.createSession(enormous(2 ** 23), { arena: false });
      const x = runtime.tensor('float32', [1, 1]);
      const step = session.bind({ x }, { y: runtime.tensor('float32', []) });
      await expect(step.run()).rejects.toMatchObject({ code: 'out-of-memory' });
      await runtime.dispose();
    });
  });
}
