import { resolve } from 'node:path';

import { type Command, Option } from 'commander';

import { optimizerKinds } from '../../../native/facts/optimizers.ts';
import { wordCaptions } from '../../../native/facts/word-captions.ts';
import { readLoraFacts } from '../../../native/families/read-lora-facts.ts';
import { type Override, parseOverride } from '../../contract/parse-run-spec.ts';
import { methodKinds } from '../../contract/run-spec.ts';
import { checkedSweep, parseSwept, type Sweep } from '../../contract/sweep.ts';
import {
  captionTokens,
  clipSkip,
  dataShare,
  naturalNumber,
  numberFromZero,
  numberList,
  overridesOf,
  positiveNumber,
  type TrainFlags,
  validationChoice,
  wholeNumber,
} from '../arguments.ts';
import { trainCommand } from '../commands/train.ts';
import { refuseMixedMethods } from '../method-flags.ts';
import {
  deviceOption,
  type Grammar,
  type PartFlags,
  partOptions,
  partsOf,
  precisionOption,
} from './grammar.ts';

type Flags = TrainFlags &
  PartFlags & { readonly dryRun: boolean; readonly textEncoderFrom?: string; readonly sweep?: Sweep };

/** A LoRA is trained on in the rank that it has. */
async function withItsRank(flags: TrainFlags, workingFolder: string): Promise<TrainFlags> {
  if (flags.loraFrom === undefined || flags.rank !== undefined) return flags;
  const { ranks } = await readLoraFacts(resolve(workingFolder, flags.loraFrom));
  return ranks.length === 1 ? { ...flags, rank: ranks[0]! } : flags;
}

/** Of textual inversion. */
function wordOptions(command: Command): void {
  command
    .option('--word <word>', 'a new word to teach (textual inversion), such as mywolf')
    .option('--vectors <number>', 'vectors of the new word, 1 to 16 (default: 4)', naturalNumber)
    .option('--init-words <words>', 'what the new word is roughly, as in "cartoon wolf"')
    .addOption(
      new Option(
        '--word-captions <kind>',
        'captions that lack the new word become sentences about an object or a style, or get it before them (default: object)',
      ).choices(wordCaptions),
    );
}

export function addTrain(program: Command, { context, onEnd }: Grammar): void {
  const command = program
    .command('train')
    .description('train what a run file or flags describe, or resume an unfinished run')
    .argument('[run]', 'a run file (JSON), or the folder of an unfinished run')
    .option('--base <model>', 'the model to start from: a .safetensors or .ckpt file, or a diffusers folder')
    .option('--data <folder>', 'the folder of images')
    .option('--out <folder>', 'folder of the run (default: runs/<name>)')
    .option('--name <name>', 'name of the run')
    .option('--caption <text>', 'one caption for every image')
    .option('--caption-template <template>', 'captions from metadata: "art of ${name}, ${type}"')
    .option('--caption-column <column>', 'captions from a column of the metadata')
    .option(
      '--validation <which>',
      'images to hold out: a number, a fraction below 1, or "marked"',
      validationChoice,
    )
    .option(
      '--share <which>',
      'images to train on: a fraction below 1 or a number, chosen by the seed (default: all)',
      dataShare,
    )
    .addOption(new Option('--method <method>', 'how to train').choices(methodKinds))
    .option('--rank <number>', 'rank of the LoRA', naturalNumber)
    .option('--conv-rank <number>', 'rank of the LoRA on convolutions, too (LoCon)', naturalNumber)
    .option('--dora', 'train the length of each weight vector as well (DoRA)')
    .option('--lora-from <file>', 'a LoRA to train on, in its rank')
    .option('--text-encoder', 'train the text encoder as well')
    .option('--resolution <pixels>', 'images are scaled to the area of a square of this side', naturalNumber)
    .option('--epochs <number>', 'how many times to go through the images', naturalNumber)
    .option('--checkpoints <epochs>', 'epochs to keep as checkpoints, as in 1,2,5', numberList)
    .option(
      '--patience <checkpoints>',
      'end early when held-out loss has not fallen for this many checkpoints (default: never)',
      naturalNumber,
    )
    .option('--batch-size <number>', 'images in one step', naturalNumber)
    .option(
      '--images-at-once <number>',
      'of them computed at once, to save memory (default: all)',
      naturalNumber,
    )
    .option(
      '--learning-rate <number>',
      'size of a step (default: as the base’s card says, else by its size)',
      positiveNumber,
    )
    .addOption(new Option('--optimizer <optimizer>', 'optimizer (default: adamw)').choices(optimizerKinds))
    .option(
      '--clip-skip <number>',
      'layer of the text encoder that is read, as A1111 counts (default: 1, the last)',
      clipSkip,
    )
    .option('--caption-tokens <number>', 'tokens of a caption that are read: 75, 150 or 225', captionTokens)
    .option('--class <words>', 'what the subject is one of, as in "a dog": keeps what the base knows of it')
    .option(
      '--class-count <number>',
      'pictures of it that the base makes first (default: 100)',
      naturalNumber,
    )
    .option('--class-images <folder>', 'pictures of it that are there already')
    .option('--prior-weight <number>', 'what these count beside the images (default: 1)', numberFromZero)
    .option('--seed <number>', 'seed of all random numbers', wholeNumber)
    .option('--prompt <text...>', 'prompts for the pictures of every checkpoint')
    .addOption(precisionOption('auto'))
    .addOption(deviceOption())
    .option('--tf32', 'CUDA: multiply with shortened numbers, faster and less exact')
    .option('--cuda-graphs', 'CUDA: start a step by one launch; not tried on a GPU yet')
    .option(
      '--set <path=value...>',
      'any other key of the run file: train.emaDecay=0.999',
      (text, before: readonly Override[] | undefined) => [...(before ?? []), parseOverride(text)],
    )
    .option(
      '--sweep <path=values...>',
      'values to try, a run for each: train.learningRate=1e-4,2e-4; given again: every combination',
      (text, before: Sweep | undefined) => [...(before ?? []), parseSwept(text)],
    )
    .option('--dry-run', 'only print what would be done', false)
    .action(async (what: string | undefined, flags: Flags) => {
      const commandContext = context();
      refuseMixedMethods(flags);
      const overrides = overridesOf(
        await withItsRank(flags, commandContext.workingFolder),
        commandContext.workingFolder,
      );
      onEnd(
        await trainCommand(commandContext, {
          ...(what === undefined ? {} : { what }),
          overrides,
          sweep: checkedSweep(flags.sweep ?? []),
          parts: partsOf(flags, flags.textEncoderFrom),
          dryRun: flags.dryRun,
        }),
      );
    });
  wordOptions(command);
  partOptions(command, '--text-encoder-from');
}
