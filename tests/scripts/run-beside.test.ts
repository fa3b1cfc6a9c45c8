import { getPriority } from 'node:os';

import { expect, test } from 'vitest';

import { type Command, runBeside } from '../../scripts/run-beside.ts';

const node = (name: string, code: string): Command => ({
  name,
  program: process.execPath,
  args: ['--eval', code],
});

test('commands are run to their ends one after the other, whatever became of the one before', async () => {
  const told: string[] = [];
  const ends = await runBeside(
    [
      node('wrong', 'console.log("a line"); console.error("and another"); process.exitCode = 1'),
      node('right', 'console.log("all is well")'),
      { name: 'missing', program: 'no such program', args: [] },
      node('killed', 'process.kill(process.pid, "SIGKILL")'),
    ],
    ({ name }) => told.push(name),
  );
  expect(told).toEqual(['wrong', 'right', 'missing', 'killed']);
  expect(ends).toEqual([
    { name: 'wrong', passed: false, output: expect.stringContaining('a line') as string },
    { name: 'right', passed: true, output: 'all is well' },
    { name: 'missing', passed: false, output: expect.stringContaining('ENOENT') as string },
    { name: 'killed', passed: false, output: '' },
  ]);
  expect(ends[0]!.output).toContain('and another');
});

test('commands, and what they start, give way to whatever else is under way', async () => {
  const priority = 'require("node:os").getPriority()';
  const started = `console.log(require("node:child_process").execFileSync(process.execPath, ["--print", '${priority}']).toString())`;
  const [end] = await runBeside([node('script', started)], () => undefined);
  expect(Number(end!.output)).toBeGreaterThan(getPriority());
});
