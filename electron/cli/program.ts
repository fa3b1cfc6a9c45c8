import { Command } from 'commander';

import type { Failure } from '../../native/failure.ts';
import { nearest } from '../contract/nearest.ts';
import { portNumber } from './arguments.ts';
import { type CommandContext, type ExitCode, exitCodes, usage } from './commands/context.ts';
import { doctorCommand } from './commands/doctor.ts';
import { infoCommand } from './commands/info.ts';
import { addCaption } from './grammar/caption.ts';
import { addCompare } from './grammar/compare.ts';
import { addExport } from './grammar/export.ts';
import { addGenerate } from './grammar/generate.ts';
import { addGet, type GetSurroundings } from './grammar/get.ts';
import { addResume } from './grammar/resume.ts';
import { addTrain } from './grammar/train.ts';
import type { StudioFlags } from './open/open-studio.ts';
import { withTypedCommands } from './typed-command.ts';

export interface GlobalOptions {
  readonly json: boolean;
  readonly verbose: boolean;
}

export interface ProgramDependencies {
  readonly version: string;
  readonly contextOf: (options: GlobalOptions) => CommandContext;
  /** The folder of the library that the studio would open; it need not be there. */
  readonly libraryFolder: () => Promise<string>;
  readonly downloads: GetSurroundings;
  readonly openStudio: (context: CommandContext, flags: StudioFlags) => Promise<ExitCode>;
  /** Told how the command ended; a failure is thrown instead. */
  readonly onEnd: (code: ExitCode) => void;
}

/** The command line's grammar; what it asks for is in `commands/`. */
export function createProgram(dependencies: ProgramDependencies): Command {
  const { version, contextOf, libraryFolder, openStudio, onEnd } = dependencies;
  const program = new Command('screenfold')
    .description(
      'Finetune Stable Diffusion on your own images, and compare what it learned epoch by epoch.\n' +
        'Without a command, opens the studio.',
    )
    .version(version)
    .option('--json', 'write JSON to standard output, for programs', false)
    .option('--verbose', "show the engine's log, and stacks of errors", false)
    .showHelpAfterError(withTypedCommands('(screenfold --help lists the commands)'));
  const context = () => contextOf(program.opts<GlobalOptions>());
  const grammar = { context, onEnd };

  program
    .option('--library <folder>', 'library to open (default: the one chosen last)')
    .option('--browser', 'open in the browser, even where a window could be opened', false)
    .option('--port <number>', 'port for the browser, on this machine only', portNumber)
    .option('--no-open', 'print the address instead of opening it')
    .action(async (flags: StudioFlags) => {
      const [typed] = program.args;
      if (typed !== undefined) throw noSuchCommand(typed, program);
      onEnd(await openStudio(context(), flags));
    });
  addTrain(program, grammar);
  addResume(program, grammar);
  addCaption(program, grammar);
  addGenerate(program, grammar);
  addCompare(program, grammar);
  addExport(program, grammar);
  addGet(program, grammar, dependencies.downloads);
  program
    .command('info')
    .description('say what this machine can do, or what a model, a LoRA, a checkpoint or a run is')
    .argument('[path]')
    .option('--probe', 'try what a model predicts where nothing says so, which reads its weights', false)
    .action(async (what: string | undefined, { probe }: { readonly probe: boolean }) => {
      await infoCommand(context(), what, probe);
      onEnd(exitCodes.ok);
    });
  program
    .command('doctor')
    .description('look this machine over: memory, disk, graphics cards, what can be computed on and how fast')
    .action(async () => {
      const { library = await libraryFolder() } = program.opts<StudioFlags>();
      onEnd(await doctorCommand(context(), library));
    });
  // After the commands, which would take it over: a word too many is a command that there is none of.
  return program.allowExcessArguments();
}

function noSuchCommand(typed: string, { commands }: Command): Failure {
  const names = commands.map((command) => command.name());
  const meant = nearest(typed, names);
  return usage(
    `There is no command "${typed}".`,
    meant === null ? `There are ${names.join(', ')}.` : `Did you mean "${meant}"?`,
  );
}
