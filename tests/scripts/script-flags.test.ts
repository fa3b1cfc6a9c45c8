import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/gpu-pack.ts', import.meta.url));
const called = (...flags: string[]) => spawnSync(process.execPath, [script, ...flags], { encoding: 'utf8' });

describe('a script', () => {
  test.each(['--help', '-h'])('tells its flags by %s', (flag) => {
    const { status, stdout } = called(flag);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^npm run gpu:pack -- \[flags\]\n/);
    expect(stdout).toContain('--platform <name>   linux-x64 or win32-x64;');
  });

  test('names a flag that is none, and those there are', () => {
    const { status, stderr } = called('--platfrom', 'linux-x64');
    expect(status).toBe(64);
    expect(stderr).toMatch(/^Unknown option '--platfrom'/);
    expect(stderr).toContain('--wheels <folder>');
  });

  test('says what a flag may be in a sentence', () => {
    const { status, stderr } = called('--platform', 'darwin-arm64');
    expect(status).toBe(64);
    expect(stderr).toBe('There is no GPU pack for darwin-arm64, but for linux-x64 and win32-x64.\n');
  });
});
