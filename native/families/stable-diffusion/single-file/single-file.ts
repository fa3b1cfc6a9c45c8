import { readClipTextConfig } from '../../../models/clip-text.ts';
import { readUNetConfig } from '../../../models/unet.ts';
import { publishedClip } from '../../../tokenizer/tokenizer-source.ts';
import type { TensorFile } from '../../../weights/tensor-file.ts';
import type { SingleFileComponent, SingleFileModel, SingleFileParts } from '../../family.ts';
import { buildDenoiser, buildTextEncoder } from '../build.ts';
import { schedulerConfig } from '../usual-scheduler.ts';
import { ldmUNetName } from './ldm-names.ts';
import {
  clipPrefix,
  type Generation,
  madeOutClip,
  madeOutOpenClip,
  madeOutUNet,
  openClipPrefix,
  type Tensors,
  unetPrefix,
  unreadLayer,
} from './made-out.ts';
import { clipRoot, placed, placedClip, placedOpenClip, startsAny, vaeOf } from './placed-parts.ts';
import { madeOutPrediction, zeroSnrMark } from './prediction.ts';

/**
 * A file of a whole Stable Diffusion 1.x or 2.x in the original code's names; null for a file of anything else. Parts that are
 * not in it are not among the components.
 */
export function stableDiffusionFile(parts: SingleFileParts): SingleFileModel | null {
  const { tensors } = parts.file;
  if (!isStableDiffusion(tensors)) return null;
  const generation = generationOf(tensors);
  const prediction = madeOutPrediction(generation, parts);
  const velocity = prediction.type === 'v_prediction';
  const edge = generation === 2 && velocity ? 768 : 512;
  const components = new Map<string, SingleFileComponent>([
    ['unet', unetOf(parts.file, generation, edge)],
    ...vaeOf(parts, edge, 0.182_15),
    ...textEncoderOf(parts.file),
  ]);
  return {
    label: `Stable Diffusion ${generation}.x`,
    reasons: [
      generation === 1
        ? 'its text encoder is CLIP’s, its UNet projects by convolutions'
        : 'its text encoder is OpenCLIP’s, its UNet projects by matrices',
      `it predicts ${velocity ? 'velocity' : 'noise'}: ${prediction.because}`,
      ...(parts.vae === null ? [] : [`its VAE is taken from ${parts.vae.path}`]),
      ...(startsAny(tensors, 'model_ema.') ? ['its averaged weights (EMA) are left aside'] : []),
    ],
    guessesPrediction: prediction.guessed,
    scheduler: schedulerConfig(prediction.type, tensors.has(zeroSnrMark)),
    leavesAside: (name) => leftAside.test(name) || name.startsWith(unreadLayer),
    components,
    tokenizer: () => publishedClip(77, generation === 1 ? '<|endoftext|>' : '!'),
  };
}

/** A UNet that reads texts of one encoder and nothing else, and takes and gives latents. */
function isStableDiffusion(tensors: Tensors): boolean {
  if (startsAny(tensors, clipPrefix) && startsAny(tensors, openClipPrefix)) return false;
  const [input, label] = [`${unetPrefix}input_blocks.0.0.weight`, `${unetPrefix}label_emb.0.0.weight`];
  const output = tensors.get(`${unetPrefix}out.2.weight`)?.shape[0];
  return !tensors.has(label) && output !== undefined && tensors.get(input)?.shape[1] === output;
}

function generationOf(tensors: Tensors): Generation {
  if (startsAny(tensors, openClipPrefix)) return 2;
  if (startsAny(tensors, clipPrefix)) return 1;
  // Without a text encoder the UNet tells: the second generation projects by matrices.
  return tensors.get(`${unetPrefix}middle_block.1.proj_in.weight`)?.shape.length === 2 ? 2 : 1;
}

/** What is in whole files besides weights that are used: buffers, averaged weights, the rest of CLIP, notes of their makers. */
const leftAside =
  /^(?!model\.diffusion_model\.|first_stage_model\.|cond_stage_model\.)|\.position_ids$|\.logit_scale$|\.text_projection(?:\.weight)?$|\.attn_mask$|\.(?:vision_model|visual|visual_projection)\.|^first_stage_model\.loss\./;

function unetOf(file: TensorFile, generation: Generation, edge: number): SingleFileComponent {
  const { config, plan } = madeOutUNet(file.tensors, generation, edge / 8);
  return {
    config,
    weights: () =>
      placed(
        buildDenoiser(readUNetConfig(config, file.path)),
        file,
        (name) => unetPrefix + ldmUNetName(name, plan),
      ),
  };
}

export function textEncoderOf(file: TensorFile): [string, SingleFileComponent][] {
  if (startsAny(file.tensors, openClipPrefix)) {
    const config = madeOutOpenClip(file.tensors, openClipPrefix);
    const weights = () =>
      placedOpenClip(buildTextEncoder(readClipTextConfig(config, file.path)), file, openClipPrefix);
    return [['text_encoder', { config, weights }]];
  }
  const root = clipRoot(file, clipPrefix);
  if (root === null) return [];
  const config = madeOutClip(file.tensors, root);
  const weights = () => placedClip(buildTextEncoder(readClipTextConfig(config, file.path)), file, root);
  return [['text_encoder', { config, weights }]];
}
