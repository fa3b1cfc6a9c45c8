import { type Command, Option } from 'commander';

import type { PrecisionChoice } from '../../../native/facts/precision.ts';
import { type SamplerName, samplers } from '../../../native/facts/samplers.ts';
import type { EmbeddingUse, LoraUse } from '../../../native/jobs.ts';
import type { DeviceChoice } from '../../../native/runtime/runtime.ts';
import {
  clipSkip,
  embeddingUse,
  loraUse,
  naturalNumber,
  numberFromZero,
  numberList,
  samplingSteps,
  size,
  wholeNumber,
} from '../arguments.ts';
import { generateCommand } from '../commands/generate.ts';
import {
  deviceOption,
  type Grammar,
  type PartFlags,
  partOptions,
  partsOf,
  precisionOption,
} from './grammar.ts';

interface GenerateFlags extends PartFlags {
  readonly textEncoder?: string;
  readonly epoch?: number;
  readonly lora?: readonly LoraUse[];
  readonly loraScale?: number;
  readonly embedding?: readonly EmbeddingUse[];
  readonly prompt?: readonly string[];
  readonly negative: string;
  readonly seed?: readonly number[];
  readonly sampler: SamplerName;
  readonly steps: number;
  readonly guidance: number;
  readonly clipSkip?: number;
  readonly size?: { readonly width: number; readonly height: number };
  readonly out: string;
  readonly batchSize: number;
  readonly device?: DeviceChoice;
  readonly precision?: PrecisionChoice;
}

export function addGenerate(program: Command, { context, onEnd }: Grammar): void {
  const command = program
    .command('generate')
    .description('make pictures from a model or from a checkpoint of a run')
    .argument('<from>', 'the folder of a run, or a model: a diffusers folder or a .safetensors or .ckpt file')
    .option('-p, --prompt <text...>', 'what to make a picture of; may be given several times')
    .option('-n, --negative <text>', 'what to keep out of the picture', '')
    .option('-s, --seed <numbers>', 'one picture for each seed, as in 1,2 or 0-3 (default: 0)', numberList)
    .option(
      '--epoch <number>',
      'epoch of the run, 0 for its base (default: the last checkpoint)',
      wholeNumber,
    )
    .addOption(new Option('--sampler <name>').choices(samplers).default('dpm++-2m-karras'))
    .option('--steps <number>', 'steps of the sampler', samplingSteps, 25)
    .option('--guidance <number>', 'how closely to follow the prompt', numberFromZero, 7.5)
    .option(
      '--clip-skip <number>',
      'layer of the text encoder that is read, as A1111 counts: 1 is the last (default: as the run was trained, else 1)',
      clipSkip,
    )
    .option('--size <pixels>', 'pixels, as in 512 or 640x512 (default: what the model was made for)', size)
    .option(
      '--lora <file:strength>',
      'a LoRA to lay over the model, as in style.safetensors:0.8; may be given several times',
      loraUse,
    )
    .option('--lora-scale <number>', 'strength of the LoRA that a run trained', numberFromZero)
    .option(
      '--embedding <file:word>',
      'a new word that textual inversion made, as in glyph.safetensors or glyph.safetensors:word; may be given several times',
      embeddingUse,
    )
    .option('--batch-size <number>', 'pictures to make at once', naturalNumber, 4)
    .option('-o, --out <folder>', 'folder to write to', 'pictures')
    .addOption(precisionOption('float32'))
    .addOption(deviceOption())
    .action(async (from: string, flags: GenerateFlags) => {
      const { prompt, negative, seed, guidance, size: extent, out, epoch, loraScale } = flags;
      onEnd(
        await generateCommand(context(), {
          from,
          loras: flags.lora ?? [],
          embeddings: flags.embedding ?? [],
          parts: partsOf(flags, flags.textEncoder),
          prompts: prompt ?? [],
          negativePrompt: negative,
          seeds: seed ?? [0],
          sampler: flags.sampler,
          steps: flags.steps,
          guidanceScale: guidance,
          output: out,
          batchSize: flags.batchSize,
          device: flags.device ?? {},
          ...(extent ?? {}),
          ...(flags.clipSkip === undefined ? {} : { clipSkip: flags.clipSkip }),
          ...(epoch === undefined ? {} : { epoch }),
          ...(flags.precision === undefined ? {} : { precision: flags.precision }),
          ...(loraScale === undefined ? {} : { loraScale }),
        }),
      );
    });
  partOptions(command);
}
