import { type Command, Option } from 'commander';

import { type CaptionDetail, captionDetails, usualCaptioning } from '../../../native/facts/captioning.ts';
import type { DeviceChoice } from '../../../native/runtime/runtime.ts';
import { naturalNumber, numberFromZero } from '../arguments.ts';
import { captionCommand } from '../commands/caption.ts';
import { deviceOption, type Grammar } from './grammar.ts';

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
  readonly device?: DeviceChoice;
}

const kinds = `
A WD tagger is a tagger; BLIP, ViT-GPT2 and Florence-2 are sentence writers. Options for the other kind are ignored.
'screenfold get' lists models and downloads them; the studio does under Captions, By a model.`;

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
    .option(
      '--threshold <number>',
      'taggers: tags from this probability on',
      numberFromZero,
      usual.generalThreshold,
    )
    .option(
      '--character-threshold <number>',
      'taggers: characters from this probability on',
      numberFromZero,
      usual.characterThreshold,
    )
    .option('--keep-underscores', 'taggers: write long_hair, not long hair', false)
    .option('--characters-last', 'taggers: other tags before characters', false)
    .option('--exclude <tags>', 'taggers: tags to leave out, with commas between them')
    .option(
      '--beams <number>',
      'sentence writers: sentences weighed against each other',
      naturalNumber,
      usual.beams,
    )
    .option(
      '--longest <tokens>',
      'sentence writers: length of a sentence at most',
      naturalNumber,
      usual.longest,
    )
    .addOption(
      new Option('--detail <length>', 'sentence writers: how long a caption Florence-2 is asked for')
        .choices(captionDetails)
        .default(usual.detail),
    )
    .option('--overwrite', 'caption images that have a caption, too', false)
    .addOption(deviceOption())
    .addHelpText('after', kinds)
    .action(async (model: string, images: string, flags: CaptionFlags) => {
      onEnd(
        await captionCommand(context(), {
          ...{ model, images, overwrite: flags.overwrite, device: flags.device ?? {} },
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
