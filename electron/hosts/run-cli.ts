import { readFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import { CommanderError } from 'commander';
import { Failure } from '../../native/failure.ts';
import type { Engine } from '../runs/engine-process.ts';
import { exitCodes } from './commands/context.ts';
import { createProgram, type GlobalOptions } from './program.ts';
import { createTerminal, type TerminalStreams } from './terminal.ts';
import { userCacheFolder } from './user-folders.ts';

export interface CliSurroundings {
  readonly streams: TerminalStreams;
  readonly workingFolder: string;
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly engine: Engine;
}

/** Failures of what was typed, told apart for scripts. */
const usageCodes = new Set(['usage', 'override-invalid', 'run-spec-invalid', 'run-spec-syntax']);

/** Does what was typed after `screenfold`; resolves to the exit code. */
export async function runCli(args: readonly string[], surroundings: CliSurroundings): Promise<number> {
  const { streams, workingFolder, engine } = surroundings;
  const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(manifest) as { readonly version: string };

  let code: number = exitCodes.ok;
  const program = createProgram({
    version,
    contextOf: (options) => ({
      engine,
      terminal: createTerminal({ ...options, streams }),
      workingFolder,
      cacheFolder: userCacheFolder(surroundings),
      software: `Screenfold ${version}`,
    }),
    onEnd: (ended) => {
      code = ended;
    },
  });
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => streams.out.write(text),
      writeErr: (text) => streams.error.write(text),
    });
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    // Commander has said what is wrong, or shown the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    return report(error, program.opts<GlobalOptions>(), streams);
  }
}

function report(error: unknown, { json, verbose }: GlobalOptions, streams: TerminalStreams): number {
  const failure = error instanceof Failure ? error : faultOf(error);
  const { code, message, hint } = failure;
  if (json) streams.out.write(`${JSON.stringify({ error: { code, message, hint } })}\n`);
  streams.error.write(`${message}\n${hint}\n`);
  if (verbose) {
    streams.error.write(`${typeof failure.cause === 'string' ? failure.cause : inspect(error)}\n`);
  }
  if (code === 'engine-killed') return exitCodes.interrupted;
  return usageCodes.has(code) ? exitCodes.usage : exitCodes.failure;
}

function faultOf(error: unknown): Failure {
  return new Failure(
    'fault',
    `Something went wrong in Screenfold itself: ${error instanceof Error ? error.message : String(error)}`,
    'Run it again with --verbose and report what it prints.',
    error,
  );
}
