import type { SchedulerConfig } from '../../../noise/scheduler-config.ts';
import type { TokenizerSource } from '../../../tokenizer/tokenizer-source.ts';
import type { WeightPrecision } from '../../../weights/model-folder.ts';
import { type TensorToWrite, writeSafetensors } from '../../../weights/safetensors.ts';
import type { Component } from '../../family.ts';
import { readConfigs, type StableDiffusionConfigs } from '../configs.ts';
import { ldmUNetName, ldmVaeName } from './ldm-names.ts';
import { clipPrefix, type Generation, openClipPrefix, unetPrefix, vaePrefix } from './made-out.ts';
import { velocityMark, zeroSnrMark } from './prediction.ts';
import { checkReadBack } from './read-back.ts';
import { stableDiffusionFile } from './single-file.ts';
import { convolved, fused, unwritten, weightsOf } from './write-parts.ts';

export interface ModelToWrite {
  readonly configs: StableDiffusionConfigs;
  readonly component: (name: string) => Component;
  readonly tokenizer: TokenizerSource;
  readonly scheduler: SchedulerConfig;
  readonly precision: WeightPrecision;
  /** Goes over what is said of the model's kind. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Writes a whole model as one safetensors file in the original code's names, as A1111, ComfyUI and diffusers'
 * `from_single_file` read it.
 *
 * @throws Failure `weights-missing`, `write-failed`; `single-file-unfit` where whoever reads the file would take it for another
 * model, since a file holds neither configs nor a vocabulary
 */
export async function writeSingleFile(path: string, model: ModelToWrite): Promise<void> {
  const { configs, component, precision } = model;
  // Its text encoder tells: OpenCLIP's is the second generation's.
  const generation: Generation = configs.text.activation === 'gelu' ? 2 : 1;
  const levels = configs.vae.blockOutChannels.length;
  const dtype = precision === 'float16' ? 'F16' : 'F32';
  const encoder = component('text_encoder');
  const written = [
    ...weightsOf(path, component('unet'), (name) => unetPrefix + ldmUNetName(name, configs.unet)),
    ...weightsOf(path, component('vae'), (name) => vaePrefix + ldmVaeName(name, levels)).map(convolved),
    ...(generation === 1
      ? weightsOf(path, encoder, (name) => clipPrefix + name)
      : fused(
          openClipPrefix,
          weightsOf(path, encoder, (name) => name),
        )),
  ];
  const tensors = [
    ...written.map((weight): TensorToWrite => ({ ...weight, dtype })),
    ...marksOf(generation, model.scheduler),
  ];
  const metadata = { ...kindOf(generation, predictsVelocity(model.scheduler)), ...model.metadata };
  const read = stableDiffusionFile({ file: unwritten(path, tensors, metadata), vae: null, config: null });
  const tokenizers = { tokenizer: model.tokenizer };
  await checkReadBack(path, { configs, readConfigs, scheduler: model.scheduler, tokenizers }, read);
  await writeSafetensors(path, tensors, metadata);
}

const predictsVelocity = ({ predictionType }: SchedulerConfig): boolean => predictionType === 'v_prediction';

/** Of the second generation velocity is what tools expect. */
function marksOf(generation: Generation, scheduler: SchedulerConfig): TensorToWrite[] {
  const marks = [
    ...(generation === 1 && predictsVelocity(scheduler) ? [velocityMark] : []),
    ...(scheduler.zeroTerminalSnr ? [zeroSnrMark] : []),
  ];
  return marks.map((name) => ({ name, dtype: 'F32', shape: [0], data: new Float32Array(0) }));
}

/** What other tools read of a file's kind, in the terms of https://github.com/Stability-AI/ModelSpec. */
function kindOf(generation: Generation, velocity: boolean): Readonly<Record<string, string>> {
  const second = velocity ? 'stable-diffusion-v2-768-v' : 'stable-diffusion-v2-512';
  return {
    format: 'pt',
    'modelspec.architecture': generation === 1 ? 'stable-diffusion-v1' : second,
    'modelspec.implementation': 'https://github.com/CompVis/stable-diffusion',
    'modelspec.prediction_type': velocity ? 'v' : 'epsilon',
    'modelspec.sai_model_spec': '1.0.1',
  };
}
