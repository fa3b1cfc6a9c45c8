/** What a file has to lend to a Stable Diffusion 1.x or 2.x: that of a whole model, or a part that is a file of its own. */
import type { LentPart } from '../../../facts/model-formats.ts';
import { readClipTextConfig } from '../../../models/clip-text.ts';
import type { ModelConfigs } from '../../../weights/model-configs.ts';
import type { TensorFile } from '../../../weights/tensor-file.ts';
import type { SingleFileComponent } from '../../family.ts';
import { buildTextEncoder } from '../build.ts';
import { madeOutClip, madeOutOpenClip } from './made-out.ts';
import { clipRoot, placedClip, placedOpenClip, vaeOf } from './placed-parts.ts';
import { textEncoderOf } from './single-file.ts';

export function partsInFile(
  file: TensorFile,
  part: LentPart,
  model: ModelConfigs,
): ReadonlyMap<string, SingleFileComponent> {
  if (part === 'vae') return new Map(vaeOf({ file, vae: null, config: null }, pictureEdge(model), 0.182_15));
  const within = textEncoderOf(file);
  if (within.length > 0) return new Map(within);
  const alone = clipAlone(file) ?? openClipAlone(file);
  return new Map(alone === null ? [] : [['text_encoder', alone]]);
}

/** Pixels of the pictures that a model was made for. */
export function pictureEdge(model: ModelConfigs): number {
  const { sample_size: edge } = model.component('unet').config;
  return 8 * (typeof edge === 'number' ? edge : 64);
}

/** OpenCLIP is wider than CLIP, and told by that where it goes by CLIP's names. */
const widestClip = 768;

/** A text encoder alone, in the names of transformers. */
export function clipAlone(file: TensorFile): SingleFileComponent | null {
  const root = clipRoot(file, '');
  if (root === null || !file.tensors.has(`${root}embeddings.token_embedding.weight`)) return null;
  const madeOut = madeOutClip(file.tensors, root);
  const isWide = Number(madeOut.hidden_size) > widestClip;
  const config = { ...madeOut, ...(isWide && { hidden_act: 'gelu' }) };
  return {
    config,
    weights: () => placedClip(buildTextEncoder(readClipTextConfig(config, file.path)), file, root),
  };
}

/** A text encoder alone, in the names of OpenCLIP. */
function openClipAlone(file: TensorFile): SingleFileComponent | null {
  if (!file.tensors.has('token_embedding.weight') || !file.tensors.has('positional_embedding')) return null;
  const config = madeOutOpenClip(file.tensors, '');
  return {
    config,
    weights: () => placedOpenClip(buildTextEncoder(readClipTextConfig(config, file.path)), file, ''),
  };
}
