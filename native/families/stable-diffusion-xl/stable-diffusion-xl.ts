import type { ModelReference } from '../../jobs.ts';
import type { ClipTextConfig } from '../../models/clip-text.ts';
import { noiseProcess } from '../../noise/noise-process.ts';
import { type ClipTokenizer, createClipTokenizer } from '../../tokenizer/clip-tokenizer.ts';
import { textReadingOf } from '../../tokenizer/text-chunks.ts';
import type { ModelConfigs } from '../../weights/model-configs.ts';
import type { ModelFolder } from '../../weights/model-folder.ts';
import { writeModelFolder } from '../../weights/write-model-folder.ts';
import { componentToWrite, openedComponent, readWeightOf } from '../component.ts';
import type { Component, Family, OpenModel, WordEncoder } from '../family.ts';
import { type Adaptations, openLoras } from '../lora-weights.ts';
import { openNewWords } from '../new-words.ts';
import { graphParts, projectedTextPart, textPart } from '../onnx/parts.ts';
import type { OnnxPipeline } from '../onnx/pipeline.ts';
import { writeOnnxPipeline } from '../onnx/write-pipeline.ts';
import { openComponents } from '../open-components.ts';
import { readScheduler } from '../stable-diffusion/configs.ts';
import { klAutoencoder } from '../stable-diffusion/parts.ts';
import { checkFit, readXlConfigs, type XlConfigs, zerosWithoutPrompt } from './configs.ts';
import { stableDiffusionXlFacts } from './facts.ts';
import { stableDiffusionXlLayout as layout, tokenizers } from './layout.ts';
import { xlAdapterModules, xlAdapterTargets, xlLoraLayout } from './lora.ts';
import { xlConditioning, xlDenoiser } from './parts.ts';
import { xlPartsInFile } from './single-file/lent-parts.ts';
import { stableDiffusionXlFile } from './single-file/single-file.ts';
import { writeXlSingleFile } from './single-file/write-single-file.ts';

/** Stable Diffusion XL (Podell et al. 2023): a UNet that is told sizes and whole texts, a KL autoencoder and two CLIP text encoders. */
export const stableDiffusionXl: Family = {
  name: 'stable-diffusion-xl',
  layout,
  open,
  singleFile: stableDiffusionXlFile,
  partsIn: xlPartsInFile,
  check: async (folder) => {
    checkFit(folder, readXlConfigs(folder.component), await readTokenizers(folder));
  },
  facts: stableDiffusionXlFacts,
  adapterModules: ({ component }) => xlAdapterModules(readXlConfigs(component)),
  loraLayout: ({ component }) => xlLoraLayout(readXlConfigs(component)),
  textReading: async (configs) => textReadingOf(await readTokenizers(configs)),
};

async function readTokenizers({
  tokenizer,
}: Pick<ModelConfigs, 'tokenizer'>): Promise<[ClipTokenizer, ClipTokenizer]> {
  const [first, second] = tokenizers;
  return [
    createClipTokenizer(await tokenizer(first).read()),
    createClipTokenizer(await tokenizer(second).read()),
  ];
}

function wordEncodersOf(
  { text, projected }: Pick<XlConfigs, 'text' | 'projected'>,
  [first, second]: readonly [ClipTokenizer, ClipTokenizer],
): readonly WordEncoder[] {
  const encoder = ({ hiddenSize: width, vocabularySize }: ClipTextConfig, { ids }: ClipTokenizer) => ({
    ...{ width, vocabularySize, ids },
  });
  return [
    { component: 'text_encoder', name: 'clip_l', ...encoder(text, first) },
    { component: 'text_encoder_2', name: 'clip_g', ...encoder(projected, second) },
  ];
}

async function open(base: ModelFolder, reference: ModelReference): Promise<OpenModel> {
  const folders = await openComponents(base, reference);
  let lora: Adaptations | null = null;
  const close = async (): Promise<void> => {
    await lora?.close();
    await folders.close();
  };
  try {
    const configs = readXlConfigs(folders.get);
    const both = await readTokenizers(base);
    checkFit(base, configs, both);
    const scheduler = readScheduler(base);
    const adapters = xlAdapterTargets(configs);
    const laid = (lora = await openLoras(reference, adapters.layout));
    const components = new Map(
      [...layout.components.keys()].map((name) => [name, openedComponent(folders.get(name), laid.get(name))]),
    );
    const component = (name: string): Component => {
      const found = components.get(name);
      if (!found) throw new Error(`Stable Diffusion XL has no ${name}.`);
      return found;
    };
    const zerosWithoutText = zerosWithoutPrompt(base);
    const { text, projected } = configs;
    const wordEncoders = wordEncodersOf(configs, both);
    const words = await openNewWords(reference, wordEncoders);
    const { vectors: newVectors } = words;
    const parts = {
      autoencoder: klAutoencoder(configs.vae),
      conditioning: xlConditioning({
        text: { ...text, newVectors },
        projected: { ...projected, newVectors },
        tokenizers: [
          words.tokenizer(both[0], text.vocabularySize),
          words.tokenizer(both[1], projected.vocabularySize),
        ],
        zerosWithoutText,
      }),
      denoiser: xlDenoiser(configs.unet),
    };
    const readWeight = words.read(readWeightOf(component));
    const indexEntries = { ...layout.indexEntries, force_zeros_for_empty_prompt: zerosWithoutText };
    const onnx: OnnxPipeline = {
      className: 'ORTStableDiffusionXLPipeline',
      texts: [
        textPart('text_encoder', configs.text, true),
        projectedTextPart('text_encoder_2', configs.projected),
      ],
      ...graphParts(parts),
    };
    return {
      family: stableDiffusionXl,
      components,
      component,
      ...parts,
      wordEncoders,
      noise: noiseProcess(scheduler),
      schedulerFile: base.scheduler,
      adapters,
      configFiles: [
        ...[...components.values()].map(({ configFile }) => configFile),
        base.scheduler,
        { force_zeros_for_empty_prompt: zerosWithoutText },
      ],
      readWeight,
      weightType: (weight) => component(weight.component).weightType(weight.key),
      save: (folder, precision) =>
        writeModelFolder(folder, {
          layout: { ...layout, indexEntries },
          components: Object.fromEntries(
            [...components].map(([name, own]) => [name, componentToWrite(base.path, own)]),
          ),
          scheduler: base.scheduler,
          tokenizers: Object.fromEntries(tokenizers.map((name) => [name, base.tokenizer(name)])),
          precision,
        }),
      saveFile: (path, precision, metadata) =>
        writeXlSingleFile(path, {
          ...{ configs, component, scheduler, zerosWithoutText, precision, metadata },
          tokenizer: base.tokenizer,
        }),
      onnx,
      saveOnnx: (folder, precision) =>
        writeOnnxPipeline(folder, {
          ...{ pipeline: onnx, readWeight, precision, scheduler: base.scheduler, indexEntries },
          configOf: (name) => component(name).configFile,
          tokenizers: Object.fromEntries(tokenizers.map((name) => [name, base.tokenizer(name)])),
        }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
