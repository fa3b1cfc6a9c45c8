import { Command, Option } from 'commander';

import { type SamplerName, samplers } from '../../native/facts/samplers.ts';
import type { Failure } from '../../native/failure.ts';
import { type DeviceChoice, type Provider, providers } from '../../native/runtime/runtime.ts';
import { defaultLearningRatesText } from '../contract/learning-rates.ts';
import { nearest } from '../contract/nearest.ts';
import { type Override, parseOverride } from '../contract/parse-run-spec.ts';
import {
  naturalNumber,
  numberList,
  overridesOf,
  portNumber,
  positiveNumber,
  size,
  type TrainFlags,
  validationChoice,
  wholeNumber,
} from './arguments.ts';
import { compareCommand } from './commands/compare.ts';
import { type CommandContext, type ExitCode, exitCodes, usage } from './commands/context.ts';
import { exportCommand } from './commands/export.ts';
import { generateCommand } from './commands/generate.ts';
import { infoCommand } from './commands/info.ts';
import { resumeCommand, trainCommand } from './commands/train.ts';
import type { StudioFlags } from './open/open-studio.ts';

export interface GlobalOptions {
  readonly json: boolean;
  readonly verbose: boolean;
}

export interface ProgramDependencies {
  readonly version: string;
  readonly contextOf: (options: GlobalOptions) => CommandContext;
  readonly openStudio: (context: CommandContext, flags: StudioFlags) => Promise<ExitCode>;
  /** Told how the command ended; a failure is thrown instead. */
  readonly onEnd: (code: ExitCode) => void;
}

interface GenerateFlags {
  readonly epoch?: number;
  readonly loraScale?: number;
  readonly prompt?: readonly string[];
  readonly negative: string;
  readonly seed?: readonly number[];
  readonly sampler: SamplerName;
  readonly steps: number;
  readonly guidance: number;
  readonly size?: { readonly width: number; readonly height: number };
  readonly out: string;
  readonly batchSize: number;
  readonly device?: Provider;
}

interface CompareFlags {
  readonly epochs?: readonly number[];
  readonly prompt?: readonly string[];
  readonly negative: string;
  readonly seed?: readonly number[];
  readonly sheet?: string;
  readonly animation?: string;
  readonly device?: Provider;
}

interface ExportFlags {
  readonly epoch?: number;
  readonly format?: 'diffusers' | 'lora';
  readonly out?: string;
  readonly precision: 'float32' | 'float16';
  readonly loraScale?: number;
}

/** The command line's grammar; what it asks for is in `commands/`. */
export function createProgram({ version, contextOf, openStudio, onEnd }: ProgramDependencies): Command {
  const program = new Command('screenfold')
    .description(
      'Finetune Stable Diffusion on your own images, and compare what it learned epoch by epoch.\n' +
        'Without a command, opens the studio.',
    )
    .version(version)
    .option('--json', 'write JSON on standard output, for programs', false)
    .option('--verbose', 'show the log of the engine, and stacks of errors', false)
    .showHelpAfterError('(screenfold --help shows what there is)');
  const context = () => contextOf(program.opts<GlobalOptions>());
  const device = () => new Option('--device <provider>', 'where to compute').choices(providers);

  program
    .option('--library <folder>', 'the library to open (default: the one chosen last)')
    .option('--browser', 'open in the browser, even where there is a window', false)
    .option('--port <number>', 'for the browser, on this machine alone', portNumber)
    .option('--no-open', 'only say the address, for opening it oneself')
    .allowExcessArguments()
    .action(async (flags: StudioFlags) => {
      const [typed] = program.args;
      if (typed !== undefined) throw noSuchCommand(typed, program);
      onEnd(await openStudio(context(), flags));
    });

  program
    .command('train')
    .description('train what a run file or flags describe; go on with an unfinished run')
    .argument('[run]', 'a run file (JSON), or the folder of an unfinished run')
    .option('--base <folder>', 'the model to start from, in diffusers layout')
    .option('--data <folder>', 'the folder of images')
    .option('--out <folder>', 'where the run comes to lie')
    .option('--name <name>', 'what the run is called')
    .option('--caption <text>', 'one caption for every image')
    .option('--caption-template <template>', 'captions from metadata: "art of ${name}, ${type}"')
    .option('--caption-column <column>', 'captions from a column of the metadata')
    .option(
      '--validation <which>',
      'images held out: how many, which part below 1, or "marked"',
      validationChoice,
    )
    .addOption(new Option('--method <method>', 'how to train').choices(['full', 'lora', 'scratch', 'vae']))
    .option('--rank <number>', 'rank of the LoRA', naturalNumber)
    .option('--text-encoder', 'train the text encoder as well')
    .option('--resolution <pixels>', 'side of the square whose area images are brought to', naturalNumber)
    .option('--epochs <number>', 'how often to go through the images', naturalNumber)
    .option('--checkpoints <epochs>', 'epochs to keep, as in 1,2,5', numberList)
    .option('--batch-size <number>', 'images in one step', naturalNumber)
    .option(
      '--learning-rate <number>',
      `size of a step (default: ${defaultLearningRatesText()})`,
      positiveNumber,
    )
    .option('--seed <number>', 'of all that is drawn at random', wholeNumber)
    .option('--prompt <text...>', 'what to make pictures of from every checkpoint')
    .addOption(device())
    .option(
      '--set <path=value...>',
      'anything else in the run file: train.emaDecay=0.999',
      (text, before: readonly Override[] | undefined) => [...(before ?? []), parseOverride(text)],
    )
    .option('--dry-run', 'only say what would be done', false)
    .action(async (what: string | undefined, flags: TrainFlags & { readonly dryRun: boolean }) => {
      const commandContext = context();
      const overrides = overridesOf(flags, commandContext.workingFolder);
      onEnd(
        await trainCommand(commandContext, {
          ...(what === undefined ? {} : { what }),
          overrides,
          dryRun: flags.dryRun,
        }),
      );
    });

  program
    .command('resume')
    .description('go on with an unfinished run from its newest saved state')
    .argument('<run>', "the run's folder")
    .action(async (folder: string) => {
      onEnd(await resumeCommand(context(), folder));
    });

  program
    .command('generate')
    .description('make pictures from a model or from a checkpoint of a run')
    .argument('<from>', 'the folder of a run, or of a model in diffusers layout')
    .option('-p, --prompt <text...>', 'what to make a picture of; several make several')
    .option('-n, --negative <text>', 'what to keep out of it', '')
    .option('-s, --seed <numbers>', 'one picture of each, as in 1,2 or 0-3 (default: 0)', numberList)
    .option('--epoch <number>', 'of the run, 0 for its base (default: the last)', wholeNumber)
    .addOption(new Option('--sampler <name>').choices(samplers).default('dpm++-2m-karras'))
    .option('--steps <number>', 'of the sampler', naturalNumber, 25)
    .option('--guidance <number>', 'how closely to follow the prompt', positiveNumber, 7.5)
    .option('--size <pixels>', 'as in 512 or 640x512 (default: what the model was made for)', size)
    .option('--lora-scale <number>', 'strength of a LoRA', positiveNumber)
    .option('--batch-size <number>', 'pictures made at once', naturalNumber, 4)
    .option('-o, --out <folder>', 'where to write them', 'pictures')
    .addOption(device())
    .action(async (from: string, flags: GenerateFlags) => {
      const { prompt, negative, seed, guidance, size: extent, out, epoch, loraScale } = flags;
      onEnd(
        await generateCommand(context(), {
          from,
          prompts: prompt ?? [],
          negativePrompt: negative,
          seeds: seed ?? [0],
          sampler: flags.sampler,
          steps: flags.steps,
          guidanceScale: guidance,
          output: out,
          batchSize: flags.batchSize,
          device: deviceOf(flags.device),
          ...(extent ?? {}),
          ...(epoch === undefined ? {} : { epoch }),
          ...(loraScale === undefined ? {} : { loraScale }),
        }),
      );
    });

  program
    .command('compare')
    .description('put the pictures of every checkpoint side by side, making those that are missing')
    .argument('<run>', "the run's folder")
    .option('--epochs <numbers>', 'as in 0,1,5; 0 is the base (default: all there are)', numberList)
    .option('-p, --prompt <text...>', "other prompts than the run's")
    .option('-n, --negative <text>', 'what to keep out, with --prompt', '')
    .option('-s, --seed <numbers>', "other seeds than the run's, as in 1,2 or 0-3", numberList)
    .option('--sheet <file>', 'where to write the sheet (PNG)')
    .option('--animation <file>', 'where to write the animation (.gif or .webp)')
    .addOption(device())
    .action(async (folder: string, flags: CompareFlags) => {
      const { code } = await compareCommand(context(), {
        folder,
        ...(flags.epochs === undefined ? {} : { epochs: flags.epochs }),
        prompts: (flags.prompt ?? []).map((prompt) => ({ prompt, negativePrompt: flags.negative })),
        ...(flags.seed === undefined ? {} : { seeds: flags.seed }),
        ...(flags.sheet === undefined ? {} : { sheet: flags.sheet }),
        ...(flags.animation === undefined ? {} : { animation: flags.animation }),
        device: deviceOf(flags.device),
      });
      onEnd(code);
    });

  program
    .command('export')
    .description('write one epoch of a run as a model that other tools read')
    .argument('<run>', "the run's folder")
    .option('--epoch <number>', 'which one (default: the last)', naturalNumber)
    .addOption(
      new Option('--format <format>', 'a model folder, or a LoRA file (default: by method)').choices([
        'diffusers',
        'lora',
      ]),
    )
    .option('-o, --out <path>', "the folder or file to write (default: in the run's exports/)")
    .addOption(new Option('--precision <type>').choices(['float32', 'float16']).default('float16'))
    .option('--lora-scale <number>', 'strength a LoRA is merged with', positiveNumber)
    .action(async (folder: string, flags: ExportFlags) => {
      const { out, ...choice } = flags;
      await exportCommand(context(), { folder, ...choice, ...(out === undefined ? {} : { output: out }) });
      onEnd(exitCodes.ok);
    });

  program
    .command('info')
    .description('say what this machine can do, or what a model, a LoRA, a checkpoint or a run is')
    .argument('[path]')
    .action(async (what: string | undefined) => {
      await infoCommand(context(), what);
      onEnd(exitCodes.ok);
    });

  return program;
}

function noSuchCommand(typed: string, { commands }: Command): Failure {
  const names = commands.map((command) => command.name());
  const meant = nearest(typed, names);
  return usage(
    `There is no command "${typed}".`,
    meant === null ? `There are ${names.join(', ')}.` : `Did you mean "${meant}"?`,
  );
}

function deviceOf(provider: Provider | undefined): DeviceChoice {
  return provider === undefined ? {} : { provider };
}
