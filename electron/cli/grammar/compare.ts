import type { Command } from 'commander';

import type { DeviceChoice } from '../../../native/runtime/runtime.ts';
import { numberList } from '../arguments.ts';
import { compareCommand } from '../commands/compare.ts';
import { compareRunsCommand } from '../commands/compare-runs.ts';
import { usage } from '../commands/context.ts';
import { deviceOption, type Grammar } from './grammar.ts';

interface CompareFlags {
  readonly epochs?: readonly number[];
  readonly prompt?: readonly string[];
  readonly negative: string;
  readonly seed?: readonly number[];
  readonly sheet?: string;
  readonly animation?: string;
  readonly device?: DeviceChoice;
}

export function addCompare(program: Command, { context, onEnd }: Grammar): void {
  program
    .command('compare')
    .description(
      'show the pictures of every checkpoint side by side, or of several runs, and make those that are missing',
    )
    .argument('<run...>', "the run's folder; of several, the last epochs are shown side by side")
    .option('--epochs <numbers>', 'epochs to show, as in 0,1,5; 0 is the base (default: all)', numberList)
    .option('-p, --prompt <text...>', "prompts to use instead of the run's")
    .option('-n, --negative <text>', 'what to keep out of the pictures of --prompt', '')
    .option('-s, --seed <numbers>', "seeds to use instead of the run's, as in 1,2 or 0-3", numberList)
    .option('--sheet <file>', 'file for the sheet (PNG)')
    .option('--animation <file>', 'file for the animation (.gif or .webp)')
    .addOption(deviceOption())
    .action(async ([folder = '', ...others]: string[], flags: CompareFlags) => {
      const options = {
        ...(flags.epochs === undefined ? {} : { epochs: flags.epochs }),
        prompts: (flags.prompt ?? []).map((prompt) => ({ prompt, negativePrompt: flags.negative })),
        ...(flags.seed === undefined ? {} : { seeds: flags.seed }),
        ...(flags.sheet === undefined ? {} : { sheet: flags.sheet }),
        device: flags.device ?? {},
      };
      if (others.length > 0) {
        if (flags.animation !== undefined)
          throw usage('An animation is of one run.', 'Leave --animation out, or name one run.');
        onEnd(await compareRunsCommand(context(), { ...options, folders: [folder, ...others] }));
        return;
      }
      const animation = flags.animation === undefined ? {} : { animation: flags.animation };
      onEnd((await compareCommand(context(), { ...options, ...animation, folder })).code);
    });
}
