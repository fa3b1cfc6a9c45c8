/**
 * Everything that a change has to pass: `npm test`. Types, lint and format are checked beside the tests, which often wait
 * and leave the time for it. What is wrong there is named at once, and told whole after the tests. Arguments are vitest's.
 */
import { spawn } from 'node:child_process';

import { runBeside } from './run-beside.ts';

const own = process.env.npm_execpath;
const [program, first]: readonly [string, readonly string[]] = own ? [process.execPath, [own]] : ['npm', []];
const script = (name: string, ...args: readonly string[]) => [...first, 'run', '--silent', name, ...args];

const checking = runBeside(
  ['typecheck', 'lint'].map((name) => ({ name, program, args: script(name) })),
  ({ name, passed }) => {
    console.log(passed ? ` ✓  ${name}` : ` ×  ${name}: what is wrong is told after the tests`);
  },
);
const tests = spawn(program, script('test:all', '--', ...process.argv.slice(2)), { stdio: 'inherit' });
const testsPassed = await new Promise<boolean>((resolve, reject) => {
  tests.on('error', reject).on('close', (code) => {
    resolve(code === 0);
  });
});
const wrong = (await checking).filter(({ passed }) => !passed);
for (const { name, output } of wrong) console.error(`\nnpm run ${name} failed:\n${output}`);
process.exitCode = testsPassed && wrong.length === 0 ? 0 : 1;
