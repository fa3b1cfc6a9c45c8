import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('collect-garbage.ts', import.meta.url));

test('the library stays loaded through a garbage collection before the first session', () => {
  const child = spawnSync(process.execPath, ['--expose-gc', program], { encoding: 'utf8' });
  expect(child).toMatchObject({ status: 0, signal: null, stdout: '42\n' });
});
