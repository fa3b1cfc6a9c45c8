import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { temporaryFolder } from '../runs/temporary-folder.ts';

const program = fileURLToPath(new URL('serve-library.ts', import.meta.url));

test('a studio that was closed is gone at once: nothing of it keeps the program alive', async () => {
  const child = spawn(process.execPath, [program, temporaryFolder()], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const began = performance.now();
  child.kill('SIGTERM');
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  expect([code, signal]).toEqual([0, null]);
  // A timer of ten seconds was once left behind; what is under way ends sooner, on a machine under load too.
  expect(performance.now() - began).toBeLessThan(7000);
});
