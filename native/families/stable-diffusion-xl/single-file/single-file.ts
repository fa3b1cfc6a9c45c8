import { readClipTextConfig, readProjectedClipTextConfig } from '../../../models/clip-text.ts';
import { publishedClip } from '../../../tokenizer/tokenizer-source.ts';
import type { TensorFile } from '../../../weights/tensor-file.ts';
import type { SingleFileComponent, SingleFileModel, SingleFileParts } from '../../family.ts';
import { buildTextEncoder } from '../../stable-diffusion/build.ts';
import { ldmUNetName } from '../../stable-diffusion/single-file/ldm-names.ts';
import { madeOutClip, type Tensors, unetPrefix } from '../../stable-diffusion/single-file/made-out.ts';
import {
  clipRoot,
  placed,
  placedClip,
  placedOpenClip,
  startsAny,
  vaeOf,
} from '../../stable-diffusion/single-file/placed-parts.ts';
import { madeOutPrediction, zeroSnrMark } from '../../stable-diffusion/single-file/prediction.ts';
import { buildProjectedTextEncoder, buildXlDenoiser } from '../build.ts';
import { readXlUNetConfig } from '../configs.ts';
import { xlSchedulerConfig } from '../usual-scheduler.ts';
import {
  labelWeight,
  madeOutProjected,
  madeOutXlUNet,
  refinerPrefix,
  xlClipPrefix,
  xlOpenClipPrefix,
} from './made-out.ts';

/** Edge of the pictures that Stable Diffusion XL is made for. */
const edge = 1024;

/**
 * A file of a whole Stable Diffusion XL in the original code's names; null for a file of anything else. Parts that are not in
 * it are not among the components.
 */
export function stableDiffusionXlFile(parts: SingleFileParts): SingleFileModel | null {
  const { file } = parts;
  const { tensors } = file;
  if (!isStableDiffusionXl(tensors)) return null;
  const prediction = madeOutPrediction(1, parts);
  const components = new Map<string, SingleFileComponent>([
    ['unet', unetOf(file)],
    ...xlVaeOf(parts, edge),
    ...textEncodersOf(file),
  ]);
  return {
    label: 'Stable Diffusion XL',
    reasons: [
      'its UNet is told of the sizes of pictures, and it has two text encoders',
      `it predicts ${prediction.type === 'v_prediction' ? 'velocity' : 'noise'}: ${prediction.because}`,
      ...(parts.vae === null ? [] : [`its VAE is taken from ${parts.vae.path}`]),
      ...(startsAny(tensors, 'model_ema.') ? ['its averaged weights (EMA) are left aside'] : []),
    ],
    guessesPrediction: prediction.guessed,
    scheduler: xlSchedulerConfig(prediction.type, tensors.has(zeroSnrMark)),
    leavesAside: (name) => leftAside.test(name),
    components,
    tokenizer: (name) => publishedClip(77, name === 'tokenizer' ? '<|endoftext|>' : '!'),
  };
}

/** A UNet that is told of texts and pictures as wholes, and takes and gives latents; not the refiner. */
function isStableDiffusionXl(tensors: Tensors): boolean {
  const output = tensors.get(`${unetPrefix}out.2.weight`)?.shape[0];
  const input = tensors.get(`${unetPrefix}input_blocks.0.0.weight`)?.shape[1];
  if (!tensors.has(labelWeight) || output === undefined || input !== output) return false;
  if (startsAny(tensors, refinerPrefix) || tensors.has('edm_mean') || tensors.has('edm_std')) return false;
  if (startsAny(tensors, xlClipPrefix) || startsAny(tensors, xlOpenClipPrefix)) return true;
  return readsAsPublished(tensors);
}

/** Without text encoders, the UNet says by what it reads whether it is this or another that is told more than texts. */
function readsAsPublished(tensors: Tensors): boolean {
  const attention = [...tensors].find(
    ([name]) => name.startsWith(unetPrefix) && name.endsWith('.transformer_blocks.0.attn2.to_k.weight'),
  );
  return attention?.[1].shape[1] === 2048 && tensors.get(labelWeight)?.shape[1] === 2816;
}

/** What is in whole files besides weights that are used: buffers, averaged weights, scales of CLIP, notes of their makers. */
const leftAside =
  /^(?!model\.diffusion_model\.|first_stage_model\.|conditioner\.)|\.position_ids$|\.logit_scale$|\.attn_mask$|^conditioner\.embedders\.0\.transformer\.text_projection|^first_stage_model\.loss\./;

/** @param picture edge of the pictures that the model was made for */
export function xlVaeOf(parts: SingleFileParts, picture: number): [string, SingleFileComponent][] {
  return vaeOf(parts, picture, 0.130_25).map(([name, { config, weights }]) => [
    name,
    { config: { ...config, force_upcast: true }, weights },
  ]);
}

function unetOf(file: TensorFile): SingleFileComponent {
  const { config, plan } = madeOutXlUNet(file.tensors, edge / 8);
  return {
    config,
    weights: () =>
      placed(
        buildXlDenoiser(readXlUNetConfig(config, file.path)),
        file,
        (name) => unetPrefix + ldmUNetName(name, plan),
      ),
  };
}

export function textEncodersOf(file: TensorFile): [string, SingleFileComponent][] {
  const found: [string, SingleFileComponent][] = [];
  const root = clipRoot(file, xlClipPrefix);
  if (root !== null) {
    const config = madeOutClip(file.tensors, root);
    const weights = () => placedClip(buildTextEncoder(readClipTextConfig(config, file.path)), file, root);
    found.push(['text_encoder', { config, weights }]);
  }
  if (startsAny(file.tensors, xlOpenClipPrefix)) {
    const config = madeOutProjected(file.tensors);
    const weights = () =>
      placedOpenClip(
        buildProjectedTextEncoder(readProjectedClipTextConfig(config, file.path)),
        file,
        xlOpenClipPrefix,
      );
    found.push(['text_encoder_2', { config, weights }]);
  }
  return found;
}
