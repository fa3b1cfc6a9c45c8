import { type Command, Option } from 'commander';

import { type CaptionDetail, captionDetails, usualCaptioning } from '../../../native/facts/captioning.ts';
import type { Provider } from '../../../native/runtime/runtime.ts';
import { naturalNumber, numberFromZero } from '../arguments.ts';
import { captionCommand } from '../commands/caption.ts';
import { deviceOf, deviceOption, type Grammar } from './grammar.ts';

interface CaptionFlags {
  readonly trigger: string;
  readonly threshold: number;
  readonly characterThreshold: number;
  readonly keepUnderscores: boolean;
  readonly charactersLast: boolean;
  readonly exclude?: string;
  readonly beams: number;
  readonly longest: number;
  readonly detail: CaptionDetail;
  readonly overwrite: boolean;
  readonly device?: Provider;
}

export function addCaption(program: Command, { context, onEnd }: Grammar): void {
  const usual = usualCaptioning;
  program
    .command('caption')
    .description('caption a folder of images by a model, into text files beside them')
    .argument(
      '<model>',
      'the folder of a captioning model: a WD tagger, BLIP, ViT-GPT2 or Florence-2 as ONNX',
    )
    .argument('<images>', 'a folder of images; those that have a caption are left out')
    .option('--trigger <words>', 'what every caption begins with', usual.trigger)
    .option('--threshold <number>', 'tags from this probability on', numberFromZero, usual.generalThreshold)
    .option(
      '--character-threshold <number>',
      'characters from this probability on',
      numberFromZero,
      usual.characterThreshold,
    )
    .option('--keep-underscores', 'write long_hair, not long hair', false)
    .option('--characters-last', 'other tags before characters', false)
    .option('--exclude <tags>', 'tags to leave out, with commas between them')
    .option('--beams <number>', 'sentences weighed against each other', naturalNumber, usual.beams)
    .option('--longest <tokens>', 'length of a sentence', naturalNumber, usual.longest)
    .addOption(
      new Option('--detail <length>', 'what Florence-2 is asked for')
        .choices(captionDetails)
        .default(usual.detail),
    )
    .option('--overwrite', 'caption images that have a caption, too', false)
    .addOption(deviceOption())
    .action(async (model: string, images: string, flags: CaptionFlags) => {
      onEnd(
        await captionCommand(context(), {
          ...{ model, images, overwrite: flags.overwrite, device: deviceOf(flags.device) },
          options: {
            trigger: flags.trigger,
            generalThreshold: flags.threshold,
            characterThreshold: flags.characterThreshold,
            underscores: flags.keepUnderscores,
            charactersFirst: !flags.charactersLast,
            exclude: flags.exclude?.split(',') ?? [],
            ...{ beams: flags.beams, longest: flags.longest, detail: flags.detail },
          },
        }),
      );
    });
}
