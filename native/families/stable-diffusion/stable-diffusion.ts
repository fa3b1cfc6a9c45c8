import type { ModelReference } from '../../jobs.ts';
import { noiseProcess } from '../../noise/noise-process.ts';
import { createClipTokenizer } from '../../tokenizer/clip-tokenizer.ts';
import { textReadingOf } from '../../tokenizer/text-chunks.ts';
import type { ModelFolder } from '../../weights/model-folder.ts';
import { writeModelFolder } from '../../weights/write-model-folder.ts';
import { componentToWrite, openedComponent, readWeightOf } from '../component.ts';
import type { Component, Family, OpenModel } from '../family.ts';
import { type Adaptations, openLoras } from '../lora-weights.ts';
import { openNewWords } from '../new-words.ts';
import { graphParts, textPart } from '../onnx/parts.ts';
import type { OnnxPipeline } from '../onnx/pipeline.ts';
import { writeOnnxPipeline } from '../onnx/write-pipeline.ts';
import { openComponents } from '../open-components.ts';
import { checkFit, readConfigs, readScheduler } from './configs.ts';
import { stableDiffusionFacts } from './facts.ts';
import { stableDiffusionLayout as layout } from './layout.ts';
import { adapterModules, adapterTargets, loraLayout } from './lora.ts';
import { clipConditioning, klAutoencoder, unetDenoiser } from './parts.ts';
import { partsInFile } from './single-file/lent-parts.ts';
import { stableDiffusionFile } from './single-file/single-file.ts';
import { writeSingleFile } from './single-file/write-single-file.ts';

/** Stable Diffusion 1.x and 2.x (Rombach et al. 2022): a UNet, a KL autoencoder and one CLIP text encoder. */
export const stableDiffusion: Family = {
  name: 'stable-diffusion',
  layout,
  open,
  singleFile: stableDiffusionFile,
  partsIn: partsInFile,
  check: async (folder) => {
    const tokenizer = createClipTokenizer(await folder.tokenizer('tokenizer').read());
    checkFit(folder.path, readConfigs(folder.component), tokenizer);
  },
  facts: stableDiffusionFacts,
  adapterModules: ({ component }) => adapterModules(readConfigs(component)),
  loraLayout: ({ component }) => loraLayout(readConfigs(component)),
  textReading: async (configs) => {
    const tokenizer = createClipTokenizer(await configs.tokenizer('tokenizer').read());
    return textReadingOf([tokenizer]);
  },
};

async function open(base: ModelFolder, reference: ModelReference): Promise<OpenModel> {
  const folders = await openComponents(base, reference);
  let lora: Adaptations | null = null;
  const close = async (): Promise<void> => {
    await lora?.close();
    await folders.close();
  };
  try {
    const configs = readConfigs(folders.get);
    const tokenizer = createClipTokenizer(await base.tokenizer('tokenizer').read());
    checkFit(base.path, configs, tokenizer);
    const scheduler = readScheduler(base);
    const adapters = adapterTargets(configs, scheduler);
    const laid = (lora = await openLoras(reference, adapters.layout));
    const components = new Map(
      [...layout.components.keys()].map((name) => [name, openedComponent(folders.get(name), laid.get(name))]),
    );
    const component = (name: string): Component => {
      const found = components.get(name);
      if (!found) throw new Error(`Stable Diffusion has no ${name}.`);
      return found;
    };
    const { hiddenSize, vocabularySize } = configs.text;
    const wordEncoders = [
      { component: 'text_encoder', width: hiddenSize, name: 'clip_l', vocabularySize, ids: tokenizer.ids },
    ];
    const words = await openNewWords(reference, wordEncoders);
    const parts = {
      autoencoder: klAutoencoder(configs.vae),
      conditioning: clipConditioning(
        { ...configs.text, newVectors: words.vectors },
        words.tokenizer(tokenizer, vocabularySize),
      ),
      denoiser: unetDenoiser(configs.unet),
    };
    const readWeight = words.read(readWeightOf(component));
    const onnx: OnnxPipeline = {
      className: 'ORTStableDiffusionPipeline',
      texts: [textPart('text_encoder', configs.text, false)],
      ...graphParts(parts),
    };
    return {
      family: stableDiffusion,
      components,
      component,
      ...parts,
      wordEncoders,
      noise: noiseProcess(scheduler),
      schedulerFile: base.scheduler,
      adapters,
      configFiles: [
        component('unet').configFile,
        component('vae').configFile,
        component('text_encoder').configFile,
        base.scheduler,
      ],
      readWeight,
      weightType: (weight) => component(weight.component).weightType(weight.key),
      save: (folder, precision) =>
        writeModelFolder(folder, {
          layout,
          components: Object.fromEntries(
            [...components].map(([name, own]) => [name, componentToWrite(base.path, own)]),
          ),
          scheduler: base.scheduler,
          tokenizers: { tokenizer: base.tokenizer('tokenizer') },
          precision,
        }),
      saveFile: (path, precision, metadata) =>
        writeSingleFile(path, {
          ...{ configs, component, precision, metadata },
          tokenizer: base.tokenizer('tokenizer'),
          scheduler,
        }),
      onnx,
      saveOnnx: (folder, precision) =>
        writeOnnxPipeline(folder, {
          ...{ pipeline: onnx, readWeight, precision, scheduler: base.scheduler },
          configOf: (name) => component(name).configFile,
          tokenizers: { tokenizer: base.tokenizer('tokenizer') },
          indexEntries: layout.indexEntries,
        }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
