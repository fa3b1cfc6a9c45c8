import type { SchedulerConfig } from '../../../noise/scheduler-config.ts';
import type { TokenizerSource } from '../../../tokenizer/tokenizer-source.ts';
import type { WeightPrecision, WeightToWrite } from '../../../weights/model-folder.ts';
import { turned } from '../../../weights/placed-weights.ts';
import { type TensorToWrite, writeSafetensors } from '../../../weights/safetensors.ts';
import type { Component } from '../../family.ts';
import { ldmUNetName, ldmVaeName } from '../../stable-diffusion/single-file/ldm-names.ts';
import { unetPrefix, vaePrefix } from '../../stable-diffusion/single-file/made-out.ts';
import { velocityMark, zeroSnrMark } from '../../stable-diffusion/single-file/prediction.ts';
import { checkReadBack } from '../../stable-diffusion/single-file/read-back.ts';
import {
  convolved,
  fused,
  unfit,
  unwritten,
  weightsOf,
} from '../../stable-diffusion/single-file/write-parts.ts';
import { readXlConfigs, type XlConfigs } from '../configs.ts';
import { tokenizers } from '../layout.ts';
import { xlClipPrefix, xlOpenClipPrefix } from './made-out.ts';
import { stableDiffusionXlFile } from './single-file.ts';

export interface XlModelToWrite {
  readonly configs: XlConfigs;
  readonly component: (name: string) => Component;
  readonly tokenizer: (name: string) => TokenizerSource;
  readonly scheduler: SchedulerConfig;
  readonly zerosWithoutText: boolean;
  readonly precision: WeightPrecision;
  /** Goes over what is said of the model's kind. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Writes a whole model as one safetensors file in the original code's names, as A1111, ComfyUI and diffusers'
 * `from_single_file` read it.
 *
 * @throws Failure `weights-missing`, `write-failed`; `single-file-unfit` where whoever reads the file would take it for another
 * model, since a file holds neither configs nor vocabularies
 */
export async function writeXlSingleFile(path: string, model: XlModelToWrite): Promise<void> {
  const { configs, component, precision, scheduler } = model;
  const levels = configs.vae.blockOutChannels.length;
  const dtype = precision === 'float16' ? 'F16' : 'F32';
  const written = [
    ...weightsOf(path, component('unet'), (name) => unetPrefix + ldmUNetName(name, configs.unet)),
    ...weightsOf(path, component('vae'), (name) => vaePrefix + ldmVaeName(name, levels)).map(convolved),
    ...weightsOf(path, component('text_encoder'), (name) => xlClipPrefix + name),
    ...fused(
      xlOpenClipPrefix,
      weightsOf(path, component('text_encoder_2'), (name) => name),
    ).map(onItsSide),
  ];
  const velocity = scheduler.predictionType === 'v_prediction';
  const marks = [...(velocity ? [velocityMark] : []), ...(scheduler.zeroTerminalSnr ? [zeroSnrMark] : [])];
  const tensors = [
    ...written.map((weight): TensorToWrite => ({ ...weight, dtype })),
    ...marks.map((name): TensorToWrite => ({ name, dtype: 'F32', shape: [0], data: new Float32Array(0) })),
  ];
  const metadata = {
    format: 'pt',
    'modelspec.architecture': 'stable-diffusion-xl-v1-base',
    'modelspec.implementation': 'https://github.com/Stability-AI/generative-models',
    'modelspec.prediction_type': velocity ? 'v' : 'epsilon',
    'modelspec.sai_model_spec': '1.0.1',
    ...model.metadata,
  };
  const read = stableDiffusionXlFile({ file: unwritten(path, tensors, metadata), vae: null, config: null });
  const sources = Object.fromEntries(tokenizers.map((name) => [name, model.tokenizer(name)]));
  await checkReadBack(path, { configs, readConfigs: readXlConfigs, scheduler, tokenizers: sources }, read);
  if (!model.zerosWithoutText)
    throw unfit(path, 'the model reads prompts that are not given as empty ones, which no single file says');
  await writeSafetensors(path, tensors, metadata);
}

/** OpenCLIP's projection of whole texts is a matrix on its side. */
function onItsSide(weight: WeightToWrite): WeightToWrite {
  const { name, shape, data } = weight;
  if (name !== `${xlOpenClipPrefix}text_projection.weight`) return weight;
  const sides = shape.toReversed();
  return {
    name: `${xlOpenClipPrefix}text_projection`,
    shape: sides,
    data: async () => turned(typeof data === 'function' ? await data() : data, sides),
  };
}
