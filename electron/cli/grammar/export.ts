import { type Command, Option } from 'commander';

import { type ModelFormat, modelFormats } from '../../../native/facts/model-formats.ts';
import { naturalNumber, numberFromZero } from '../arguments.ts';
import { exitCodes } from '../commands/context.ts';
import { exportCommand } from '../commands/export.ts';
import type { Grammar } from './grammar.ts';

interface ExportFlags {
  readonly epoch?: number;
  readonly format?: ModelFormat;
  readonly out?: string;
  readonly precision: 'float32' | 'float16';
  readonly loraScale?: number;
}

export function addExport(program: Command, { context, onEnd }: Grammar): void {
  program
    .command('export')
    .description('write a checkpoint of a run as a model that other tools can read')
    .argument('<run>', "the run's folder")
    .option('--epoch <number>', 'epoch of the checkpoint (default: the last)', naturalNumber)
    .addOption(
      new Option(
        '--format <format>',
        'model folder, the whole model in one file, or LoRA file (default: by the method of the run)',
      ).choices(modelFormats),
    )
    .option('-o, --out <path>', "folder or file to write (default: in the run's exports/)")
    .addOption(new Option('--precision <type>').choices(['float32', 'float16']).default('float16'))
    .option('--lora-scale <number>', 'strength a LoRA is merged with', numberFromZero)
    .action(async (folder: string, flags: ExportFlags) => {
      const { out, ...choice } = flags;
      await exportCommand(context(), { folder, ...choice, ...(out === undefined ? {} : { output: out }) });
      onEnd(exitCodes.ok);
    });
}
