/** The studio from a terminal. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { inspect } from 'node:util';
import { CommanderError } from 'commander';
import { Failure } from '../../native/failure.ts';
import { startEngine } from '../runs/engine-process.ts';
import { exitCodes, type CommandContext } from './commands/context.ts';
import { createProgram } from './program.ts';
import { createTerminal } from './terminal.ts';
import { userCacheFolder } from './user-folders.ts';

/** Failures of what was typed, told apart for scripts. */
const usageCodes = new Set(['usage', 'override-invalid', 'run-spec-invalid', 'run-spec-syntax']);

const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
const { version } = JSON.parse(manifest) as { readonly version: string };

const contextOf = (options: { readonly json: boolean; readonly verbose: boolean }): CommandContext => ({
  engine: startEngine(),
  terminal: createTerminal(options),
  workingFolder: process.cwd(),
  cacheFolder: userCacheFolder({ platform: process.platform, environment: process.env, home: homedir() }),
  software: `Screenfold ${version}`,
});

// `head` and its like close the pipe early; that is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCodes.ok);
});

const program = createProgram({
  version,
  contextOf,
  onEnd: (code) => {
    process.exitCode = code;
  },
});
for (const command of [program, ...program.commands]) command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  // Commander has said what is wrong, or shown the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;

  const { json, verbose } = program.opts<{ readonly json: boolean; readonly verbose: boolean }>();
  const known = error instanceof Failure;
  const failure = known
    ? error
    : new Failure(
        'fault',
        `Something went wrong in Screenfold itself: ${error instanceof Error ? error.message : String(error)}`,
        'Run it again with --verbose and report what it prints.',
        error,
      );
  if (json)
    console.log(
      JSON.stringify({ error: { code: failure.code, message: failure.message, hint: failure.hint } }),
    );
  console.error(`${failure.message}\n${failure.hint}`);
  if (verbose) console.error(typeof failure.cause === 'string' ? failure.cause : inspect(error));
  if (failure.code === 'engine-killed') return exitCodes.interrupted;
  return usageCodes.has(failure.code) ? exitCodes.usage : exitCodes.failure;
}
