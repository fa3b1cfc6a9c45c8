/**
 * Sees to it that there is a browser for the tests that need one: one that is installed, else Debian's where this is
 * root's to install, else Playwright's download. Without one those tests are skipped, or fail on a build server.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

import { browserProgram } from '../tests/e2e/browser.ts';

const minutes = 60_000;

function run(command: string, args: readonly string[], timeout: number): boolean {
  console.log(`> ${command} ${args.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(command, args, { stdio: 'inherit', timeout, env }).status === 0;
}

const isRoot = process.getuid?.() === 0;
const ways: readonly (() => boolean)[] = [
  () =>
    isRoot &&
    existsSync('/usr/bin/apt-get') &&
    run('apt-get', ['update'], 3 * minutes) &&
    run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], 6 * minutes),
  () =>
    run(
      process.execPath,
      ['node_modules/playwright-core/cli.js', 'install', ...(isRoot ? ['--with-deps'] : []), 'chromium'],
      6 * minutes,
    ),
];

if (browserProgram() === null) {
  console.log('Installing a browser for the tests that need one (once) …');
  for (const way of ways) if (way() && browserProgram() !== null) break;
  if (browserProgram() === null) {
    console.log(
      'There is none to be had: tests in the browser are skipped. SCREENFOLD_BROWSER can name one.',
    );
  }
}
