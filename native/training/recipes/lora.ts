import { join } from 'node:path';

import { loraName } from '../../facts/run-folder.ts';
import type { OpenModel } from '../../families/family.ts';
import type { TrainingSettings } from '../../jobs.ts';
import type { Parameter } from '../../models/parameter.ts';
import { type LoraModule, writeKohyaLora } from '../../weights/lora-file.ts';
import { type AdapterPlan, shapeOn } from '../adapter.ts';
import { readTrained } from '../checkpoint-weights.ts';
import { diffusionRecipe } from '../diffusion-task.ts';
import { firstMagnitudes } from '../first-magnitudes.ts';
import { initialWeights } from '../initial-weights.ts';
import { type LoraBeginning, readLoraBeginning } from '../lora-beginning.ts';
import { type LoraMethod, loraPlan } from '../lora-plan.ts';
import type { Trainer } from '../trainer.ts';
import type { Recipe, RecipeOptions } from '../training-task.ts';

/**
 * LoRA (Hu et al. 2021) on the modules of the denoiser that take it, and of the text encoders where asked for; on convolutions
 * too (LoCon), or with lengths of its own (DoRA), where it is told so.
 */
export function loraRecipe(options: RecipeOptions, method: LoraMethod): Recipe {
  const { job, model } = options;
  const { settings } = job;
  const { from, rankDropout, upRate } = method;
  const plan = loraPlan(method, model.adapters);
  let beginning: LoraBeginning = () => null;
  const recipe = diffusionRecipe(options, {
    trained: plan,
    ...(rankDropout && { rankDropout }),
    ...(upRate && { upRate }),
    initial: async (parameter) =>
      beginning(parameter) ??
      (parameter.adapter?.part === 'magnitude'
        ? await firstMagnitudes(parameter, recipe.parameters, model.readWeight)
        : initialWeights(parameter, settings.seed)),
    writeCheckpoint: async (folder, trainer) => {
      await writeLora(join(folder, loraName), await readModules(trainer, settings, plan), model, settings);
    },
  });
  return {
    ...recipe,
    start: async () => {
      // Before hours may go into encoding: a file that does not fit is refused now.
      if (from !== undefined) beginning = await readLoraBeginning(from, model, recipe.parameters, plan);
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
  plan: AdapterPlan,
): Promise<LoraModule[]> {
  const parts = new Map(
    trainer.trainable.flatMap((parameter): [string, Parameter][] => {
      const { component, adapter } = parameter;
      return adapter ? [[`${component} ${adapter.module} ${adapter.part}`, parameter]] : [];
    }),
  );
  const modules: LoraModule[] = [];
  for (const down of trainer.trainable) {
    if (down.adapter?.part !== 'down') continue;
    const { module, kernel } = down.adapter;
    const { component } = down;
    const { rank, scale } = shapeOn(plan, component, { path: module, kernel })!;
    const part = (name: string) => parts.get(`${component} ${module} ${name}`);
    const magnitude = part('magnitude');
    modules.push({
      ...{ component, module, rank, kernel },
      alpha: rank * scale,
      down: await readTrained(trainer, settings, down),
      up: await readTrained(trainer, settings, part('up')!),
      ...(magnitude && { magnitude: await readTrained(trainer, settings, magnitude) }),
    });
  }
  return modules;
}
