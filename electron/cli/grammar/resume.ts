import { type Command, Option } from 'commander';

import type { LearningRateSchedule } from '../../../native/jobs.ts';
import { schedules } from '../../contract/run-spec.ts';
import { naturalNumber, numberList, positiveNumber } from '../arguments.ts';
import { resumeCommand } from '../commands/resume.ts';
import type { Grammar } from './grammar.ts';

interface Flags {
  readonly epochs?: number;
  readonly imagesAtOnce?: number;
  readonly schedule?: LearningRateSchedule['kind'];
  readonly learningRate?: number;
  readonly checkpoints?: readonly number[];
}

export function addResume(program: Command, { context, onEnd }: Grammar): void {
  program
    .command('resume')
    .description('resume an unfinished run from its newest saved state, or train a finished one on')
    .argument('<run>', "the run's folder")
    .option(
      '--epochs <number>',
      'train on until it has so many epochs in all, finished or not',
      naturalNumber,
    )
    .addOption(
      new Option(
        '--schedule <kind>',
        'how the learning rate goes from there to the new end (with --epochs; default: as before)',
      ).choices(schedules),
    )
    .option(
      '--learning-rate <number>',
      'the learning rate from there (with --epochs; default: as before)',
      positiveNumber,
    )
    .option(
      '--images-at-once <number>',
      'images of a batch that are computed at once from now on: fewer take less memory',
      naturalNumber,
    )
    .option(
      '--checkpoints <epochs>',
      'epochs to keep of those to come, as in 45,60 (with --epochs)',
      numberList,
    )
    .action(async (folder: string, flags: Flags) => {
      onEnd(await resumeCommand(context(), folder, flags));
    });
}
