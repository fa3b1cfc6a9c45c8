import { join } from 'node:path';

import { loraName } from '../../facts/run-folder.ts';
import type { OpenModel } from '../../families/family.ts';
import type { TrainingSettings } from '../../jobs.ts';
import { type LoraModule, writeKohyaLora } from '../../weights/lora-file.ts';
import { readTrained } from '../checkpoint-weights.ts';
import { diffusionRecipe } from '../diffusion-task.ts';
import { initialWeights } from '../initial-weights.ts';
import { type LoraBeginning, type LoraShape, readLoraBeginning } from '../lora-beginning.ts';
import type { Trainer } from '../trainer.ts';
import type { Recipe, RecipeOptions } from '../training-task.ts';

export interface LoraSettings extends LoraShape {
  /** The file of a LoRA that it begins with. */
  readonly from?: string | undefined;
}

/** LoRA (Hu et al. 2021) on the modules of the denoiser that take it, and of the text encoders where asked for. */
export function loraRecipe(options: RecipeOptions, { rank, alpha, from }: LoraSettings): Recipe {
  const { job, model } = options;
  const { settings } = job;
  let beginning: LoraBeginning = () => null;
  const recipe = diffusionRecipe(options, {
    trained: { rank, scale: alpha / rank, takes: model.adapters.takes },
    initial: (parameter) => Promise.resolve(beginning(parameter) ?? initialWeights(parameter, settings.seed)),
    writeCheckpoint: async (folder, trainer) => {
      const modules = await readModules(trainer, settings, rank, alpha);
      await writeLora(join(folder, loraName), modules, model, settings);
    },
  });
  return {
    ...recipe,
    start: async () => {
      // Before hours may go into encoding: a file that does not fit is refused now.
      if (from !== undefined)
        beginning = await readLoraBeginning(from, model, recipe.parameters, { rank, alpha });
      return recipe.start();
    },
  };
}

function writeLora(
  path: string,
  modules: readonly LoraModule[],
  { adapters }: Pick<OpenModel, 'adapters'>,
  { checkpointPrecision }: Pick<TrainingSettings, 'checkpointPrecision'>,
): Promise<void> {
  return writeKohyaLora(path, modules, adapters.layout(), checkpointPrecision, adapters.metadata);
}

async function readModules(
  trainer: Trainer,
  settings: TrainingSettings,
  rank: number,
  alpha: number,
): Promise<LoraModule[]> {
  const ups = new Map(
    trainer.trainable
      .filter(({ adapter }) => adapter?.part === 'up')
      .map((up) => [`${up.component} ${up.adapter!.module}`, up]),
  );
  const modules: LoraModule[] = [];
  for (const down of trainer.trainable) {
    if (down.adapter?.part !== 'down') continue;
    const { module, kernel } = down.adapter;
    modules.push({
      component: down.component,
      module,
      rank,
      alpha,
      kernel,
      down: await readTrained(trainer, settings, down),
      up: await readTrained(trainer, settings, ups.get(`${down.component} ${module}`)!),
    });
  }
  return modules;
}
