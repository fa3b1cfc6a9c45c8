import { join } from 'node:path';

import { Failure } from '../../failure.ts';
import type { ModelReference } from '../../jobs.ts';
import { noiseProcess } from '../../noise/noise-process.ts';
import { loadClipTokenizer } from '../../tokenizer/clip-tokenizer.ts';
import type { ModelFolder } from '../../weights/model-folder.ts';
import { writeModelFolder } from '../../weights/write-model-folder.ts';
import { openedComponent } from '../component.ts';
import type { Component, Family, OpenModel } from '../family.ts';
import { openLora } from '../lora-weights.ts';
import { openComponents } from '../open-components.ts';
import { checkFit, readConfigs, readScheduler } from './configs.ts';
import { stableDiffusionFacts } from './facts.ts';
import { stableDiffusionLayout as layout } from './layout.ts';
import { adapterSizes, adapterTargets } from './lora.ts';
import { clipConditioning, klAutoencoder, unetDenoiser } from './parts.ts';

/** Stable Diffusion 1.x and 2.x (Rombach et al. 2022): a UNet, a KL autoencoder and one CLIP text encoder. */
export const stableDiffusion: Family = {
  name: 'stable-diffusion',
  layout,
  open,
  facts: stableDiffusionFacts,
  adapterSizes: ({ component }) => adapterSizes(readConfigs(component)),
  textReading: async ({ path }) => {
    const tokenizer = await loadClipTokenizer(tokenizerFolderOf(path));
    return { limit: tokenizer.maxLength - 2, count: (text) => tokenizer.count(text) };
  },
};

function tokenizerFolderOf(path: string): string {
  return join(path, 'tokenizer');
}

async function open(base: ModelFolder, reference: ModelReference): Promise<OpenModel> {
  const folders = await openComponents(base, reference);
  try {
    const configs = readConfigs(folders.get);
    const tokenizerFolder = tokenizerFolderOf(base.path);
    const tokenizer = await loadClipTokenizer(tokenizerFolder);
    checkFit(base.path, configs, tokenizer);
    const scheduler = readScheduler(base);
    const adapters = adapterTargets(configs, scheduler);
    const lora = await openLora(reference, adapters.layout);
    const components = new Map(
      [...layout.components.keys()].map((name) => [name, openedComponent(folders.get(name), lora.get(name))]),
    );
    const component = (name: string): Component => {
      const found = components.get(name);
      if (!found) throw new Error(`Stable Diffusion has no ${name}.`);
      return found;
    };
    return {
      family: stableDiffusion,
      components,
      component,
      autoencoder: klAutoencoder(configs.vae),
      conditioning: clipConditioning(configs.text, (caption) => tokenizer.encode(caption)),
      denoiser: unetDenoiser(configs.unet),
      noise: noiseProcess(scheduler),
      adapters,
      configFiles: [
        component('unet').configFile,
        component('vae').configFile,
        component('text_encoder').configFile,
        base.scheduler,
      ],
      readWeight: (weight) => component(weight.component).readWeight(weight),
      save: (folder, precision) =>
        writeModelFolder(folder, {
          layout,
          components: Object.fromEntries([...components].map(([name, own]) => [name, whole(base, own)])),
          scheduler: base.scheduler,
          tokenizerFolders: { tokenizer: tokenizerFolder },
          precision,
        }),
      close: () => folders.close(),
    };
  } catch (error) {
    await folders.close();
    throw error;
  }
}

function whole(base: ModelFolder, { name, hasWeights, configFile, weights }: Component) {
  if (hasWeights) return { config: configFile, weights: weights() };
  throw new Failure(
    'weights-missing',
    `The ${name} of ${base.path} has a config and no weights.`,
    'Train it first, and export a checkpoint.',
  );
}
