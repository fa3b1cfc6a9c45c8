import type { Command } from 'commander';

import type { DeviceChoice } from '../../../native/runtime/runtime.ts';
import { numberList } from '../arguments.ts';
import { compareCommand } from '../commands/compare.ts';
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
    .description('show the pictures of every checkpoint side by side, and make those that are missing')
    .argument('<run>', "the run's folder")
    .option('--epochs <numbers>', 'epochs to show, as in 0,1,5; 0 is the base (default: all)', numberList)
    .option('-p, --prompt <text...>', "prompts to use instead of the run's")
    .option('-n, --negative <text>', 'what to keep out of the pictures of --prompt', '')
    .option('-s, --seed <numbers>', "seeds to use instead of the run's, as in 1,2 or 0-3", numberList)
    .option('--sheet <file>', 'file for the sheet (PNG)')
    .option('--animation <file>', 'file for the animation (.gif or .webp)')
    .addOption(deviceOption())
    .action(async (folder: string, flags: CompareFlags) => {
      const { code } = await compareCommand(context(), {
        folder,
        ...(flags.epochs === undefined ? {} : { epochs: flags.epochs }),
        prompts: (flags.prompt ?? []).map((prompt) => ({ prompt, negativePrompt: flags.negative })),
        ...(flags.seed === undefined ? {} : { seeds: flags.seed }),
        ...(flags.sheet === undefined ? {} : { sheet: flags.sheet }),
        ...(flags.animation === undefined ? {} : { animation: flags.animation }),
        device: flags.device ?? {},
      });
      onEnd(code);
    });
}
