import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';

import { describe, expect, test } from 'vitest';

import { followUsedMemory } from '../../../scripts/gpu-check/used-memory.ts';
import { temporaryFolder } from '../../runs/temporary-folder.ts';

/** A tool that writes these numbers, one every tenth of a second, and then the last of them for good. */
function tool(numbers: readonly number[]): string {
  const file = join(temporaryFolder(), 'tool');
  const lines = numbers.map((number) => `echo ${number}; sleep 0.1`);
  writeFileSync(
    file,
    `#!/bin/sh\n${lines.join('\n')}\nwhile true; do echo ${numbers.at(-1)!}; sleep 0.1; done\n`,
  );
  chmodSync(file, 0o755);
  return file;
}

const until = async (reached: () => boolean): Promise<void> => {
  while (!reached()) await passed(20);
};

// The tool is a script of the shell's.
describe.skipIf(process.platform === 'win32')('memory in use', () => {
  test('is told at its most, and forgotten once a process has ended', async () => {
    const memory = followUsedMemory(1, tool([500, 4000, 900]));
    await until(() => memory.most() === 4000);
    await memory.settled();
    await until(() => memory.most() !== null);
    expect(memory.most()).toBe(900);
    memory.end();
  });

  test('of several GPUs is their sum', async () => {
    const memory = followUsedMemory(2, tool([100, 20, 1000, 50, 100, 20]));
    await until(() => (memory.most() ?? 0) > 120);
    expect(memory.most()).toBe(1050);
    memory.end();
  });

  test('is not known where there is no tool', async () => {
    const memory = followUsedMemory(1, join(temporaryFolder(), 'absent'));
    await memory.settled();
    await passed(200);
    expect(memory.most()).toBeNull();
    memory.end();
  });
});
