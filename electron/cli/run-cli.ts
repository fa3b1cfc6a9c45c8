import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { CommanderError } from 'commander';

import type { Engine } from '../engine/engine.ts';
import { chosenLibrary } from '../library/library-choice.ts';
import { userCacheFolder, userConfigFolder } from '../library/user-folders.ts';
import { type ExitCode, exitCodes } from './commands/context.ts';
import type { StudioFlags, StudioLauncher } from './open/open-studio.ts';
import { printable } from './printable.ts';
import { createProgram, type GlobalOptions } from './program.ts';
import { reportFailure } from './report-failure.ts';
import { createTerminal, type TerminalStreams } from './terminal.ts';

export interface CliSurroundings {
  readonly streams: TerminalStreams;
  readonly workingFolder: string;
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly engine: Engine;
  /** What typing no command comes to. */
  readonly openStudio: (launcher: StudioLauncher, flags: StudioFlags) => Promise<ExitCode>;
}

/** Does what was typed after `screenfold`; resolves to the exit code. */
export async function runCli(args: readonly string[], surroundings: CliSurroundings): Promise<number> {
  const { streams, workingFolder, engine } = surroundings;
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const manifest = await readFile(join(root, 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { readonly version: string };

  let code: number = exitCodes.ok;
  const program = createProgram({
    version,
    contextOf: (options) => ({
      engine,
      terminal: createTerminal({ ...options, streams }),
      workingFolder,
      cacheFolder: userCacheFolder(surroundings),
      sampleRunFile: join(root, 'resources', 'sample', 'run.json'),
      software: `Screenfold ${version}`,
    }),
    downloads: { environment: surroundings.environment, configFolder: userConfigFolder(surroundings) },
    libraryFolder: () => chosenLibrary(surroundings),
    openStudio: ({ terminal }, flags) =>
      surroundings.openStudio({ root, surroundings, workingFolder, version, engine, terminal }, flags),
    onEnd: (ended) => {
      code = ended;
    },
  });
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => streams.out.write(printable(text)),
      writeErr: (text) => streams.error.write(printable(text)),
    });
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    // Commander has said what is wrong, or shown the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    return reportFailure(error, program.opts<GlobalOptions>(), streams);
  }
}
