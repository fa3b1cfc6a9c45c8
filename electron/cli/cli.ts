/** The studio from a terminal. */
import { homedir } from 'node:os';

import { startEngine } from '../engine/engine-process.ts';
import { openStudio } from './open/open-studio.ts';
import { runCli } from './run-cli.ts';

// `head` and its like close the pipe early; that is no error of ours. Nor is a terminal that is gone, or a full disk
// under a file that all this is written to: a training goes on without being heard.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
});
process.stderr.on('error', () => undefined);

process.exitCode = await runCli(process.argv.slice(2), {
  streams: { out: process.stdout, error: process.stderr },
  workingFolder: process.cwd(),
  environment: process.env,
  platform: process.platform,
  home: homedir(),
  engine: startEngine(),
  openStudio,
});
