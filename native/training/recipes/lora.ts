import { join } from 'node:path';

import { type LoraModule, writeKohyaLora } from '../../weights/lora-file.ts';
import { parseAdapterName } from '../diffusion-graph.ts';
import { initialAdapter } from '../initial-weights.ts';
import { readFinite } from '../run-state.ts';
import type { Trainer } from '../trainer.ts';
import type { Recipe } from '../training-loop.ts';
import { diffusionRecipe, type DiffusionRecipeOptions } from './diffusion.ts';

type LoraOptions = Pick<DiffusionRecipeOptions, 'job' | 'model' | 'runtime' | 'context'>;

export interface LoraSettings {
  readonly textEncoder: boolean;
  readonly rank: number;
  readonly alpha: number;
}

/** LoRA (Hu et al. 2021) on the transformers of the UNet, and of the text encoder where asked for. */
export function loraRecipe(
  options: LoraOptions,
  { textEncoder, rank, alpha }: LoraSettings,
): Promise<Recipe> {
  const { job } = options;
  return diffusionRecipe({
    ...options,
    textEncoderTrained: textEncoder,
    trained: { rank, scale: alpha / rank },
    initial: (spec) => Promise.resolve(initialAdapter(spec, job.settings.seed)),
    writeCheckpoint: async (folder, trainer) => {
      const kind = job.settings.emaDecay > 0 ? 'ema' : 'parameter';
      const modules = await readModules(
        trainer,
        kind,
        rank,
        alpha,
        !options.model.unet.config.linearProjection,
      );
      await writeKohyaLora(join(folder, 'lora.safetensors'), modules, job.settings.checkpointPrecision, {});
    },
  });
}

async function readModules(
  trainer: Trainer,
  kind: 'ema' | 'parameter',
  rank: number,
  alpha: number,
  pointwise: boolean,
): Promise<LoraModule[]> {
  const parts = new Map<string, Float32Array<ArrayBuffer>>();
  for (const spec of trainer.trainable) parts.set(spec.name, await readFinite(trainer, kind, spec));
  return [...parts.keys()].flatMap((name) => {
    const adapter = parseAdapterName(name);
    if (adapter?.part !== 'down') return [];
    const up = name.replace(/down$/, 'up');
    const { component, module } = adapter;
    // proj_in and proj_out are convolutions unless the model has linear projections.
    const kernel = pointwise && /\.proj_(in|out)$/.test(module) && component === 'unet' ? [1, 1] : [];
    return { component, module, rank, alpha, kernel, down: parts.get(name)!, up: parts.get(up)! };
  });
}
