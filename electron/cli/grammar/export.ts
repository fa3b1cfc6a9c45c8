import { type Command, Option } from 'commander';

import {
  type EmbeddingFileNames,
  embeddingFileNames,
  type LoraFileNames,
  loraFileNames,
  type ModelFormat,
  modelFormats,
} from '../../../native/facts/model-formats.ts';
import type { LoraUse } from '../../../native/jobs.ts';
import type { DeviceChoice } from '../../../native/runtime/runtime.ts';
import { epochToExport, loraUse, numberFromZero } from '../arguments.ts';
import { exportCommand } from '../commands/export.ts';
import { deviceOption, type Grammar, type PartFlags, partOptions, partsOf } from './grammar.ts';

interface ExportFlags extends PartFlags {
  readonly textEncoder?: string;
  readonly epoch?: number;
  readonly as?: ModelFormat;
  readonly format?: ModelFormat;
  readonly names?: LoraFileNames | EmbeddingFileNames;
  readonly out?: string;
  readonly precision: 'float32' | 'float16';
  readonly lora?: readonly LoraUse[];
  readonly loraScale?: number;
  readonly device?: DeviceChoice;
}

function isOneOf<Name extends string>(names: readonly Name[], asked: string | undefined): asked is Name {
  return asked !== undefined && (names as readonly string[]).includes(asked);
}

export function addExport(program: Command, { context, onEnd }: Grammar): void {
  const command = program
    .command('export')
    .description('write a checkpoint of a run, or a model, in a form that other tools can read')
    .argument('<from>', 'the folder of a run, or a model: a diffusers folder, a .safetensors or .ckpt file')
    .option('--epoch <number>', 'epoch of the checkpoint (default: the last)', epochToExport)
    .addOption(
      new Option(
        '--as <format>',
        'model folder, the whole model in one file, LoRA file, file of a new word, or graphs that ONNX Runtime runs (default: by the method of the run; of a model: its folder)',
      ).choices(modelFormats),
    )
    .addOption(new Option('--format <format>', 'the same as --as').choices(modelFormats).hideHelp())
    .addOption(
      new Option(
        '--names <whose>',
        'of a LoRA file: names of kohya, which A1111, ComfyUI and diffusers read, or of PEFT (default: kohya); of a new word: of a1111, which kohya and ComfyUI read, or of diffusers (default: a1111)',
      ).choices([...loraFileNames, ...embeddingFileNames]),
    )
    .option(
      '-o, --out <path>',
      "folder or file to write (default: in the run's exports/, of a model: exports/)",
    )
    .addOption(new Option('--precision <type>').choices(['float32', 'float16']).default('float16'))
    .option(
      '--lora <file:strength>',
      'a LoRA to merge into the model, as in style.safetensors:0.8; may be given several times',
      loraUse,
    )
    .option('--lora-scale <number>', 'strength the LoRA that a run trained is merged with', numberFromZero)
    .addOption(deviceOption())
    .action(async (from: string, { out, as: asked, names, device, lora = [], ...flags }: ExportFlags) => {
      const format = asked ?? flags.format;
      const ended = await exportCommand(context(), {
        ...{ ...flags, from, loras: lora, parts: partsOf(flags, flags.textEncoder) },
        ...(format !== undefined && { format }),
        ...(device !== undefined && { device }),
        ...(isOneOf(loraFileNames, names) && { loraNames: names }),
        ...(isOneOf(embeddingFileNames, names) && { embeddingNames: names }),
        ...(out !== undefined && { output: out }),
      });
      onEnd(ended);
    });
  partOptions(command);
}
