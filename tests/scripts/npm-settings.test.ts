import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('npm has nothing to warn of when it is called here', () => {
  const { npm_execpath: own } = process.env;
  const [command, args] = own === undefined ? ['npm', []] : [process.execPath, [own]];
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_config_/i.test(name)));
  const { stdout, stderr } = spawnSync(command, [...args, 'pkg', 'get', 'name'], {
    cwd: root,
    env,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  expect(stderr).toBe('');
  expect(stdout).toContain('screenfold');
});
