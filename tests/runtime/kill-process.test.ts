import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { killProcess } from '../../native/runtime/kill-process.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

test('ends a process that was started', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  killProcess(child);
  expect(await ended).toEqual([null, 'SIGKILL']);
});

test('sends nothing where none was started', async () => {
  const child = spawn(join(temporaryFolder(), 'absent'), { stdio: 'ignore' });
  const failed = once(child, 'error');
  // Its own would send the signal to a number that nobody set.
  let sent = 0;
  child.kill = () => {
    sent++;
    return true;
  };
  killProcess(child);
  await failed;
  killProcess(child);
  expect(sent).toBe(0);
});
