/** What a file has to lend to a Stable Diffusion XL: that of a whole model, or a part that is a file of its own. */
import type { LentPart } from '../../../facts/model-formats.ts';
import { readProjectedClipTextConfig } from '../../../models/clip-text.ts';
import type { ModelConfigs } from '../../../weights/model-configs.ts';
import type { TensorFile } from '../../../weights/tensor-file.ts';
import type { SingleFileComponent } from '../../family.ts';
import { clipAlone, pictureEdge } from '../../stable-diffusion/single-file/lent-parts.ts';
import { madeOutClip } from '../../stable-diffusion/single-file/made-out.ts';
import { clipRoot, placed } from '../../stable-diffusion/single-file/placed-parts.ts';
import { buildProjectedTextEncoder } from '../build.ts';
import { textEncodersOf, xlVaeOf } from './single-file.ts';

export function xlPartsInFile(
  file: TensorFile,
  part: LentPart,
  model: ModelConfigs,
): ReadonlyMap<string, SingleFileComponent> {
  if (part === 'vae') return new Map(xlVaeOf({ file, vae: null, config: null }, pictureEdge(model)));
  const within = textEncodersOf(file);
  if (within.length > 0) return new Map(within);
  const projected = projectedAlone(file);
  // Both may have a projection. The second is looked for only where it alone is what the model lacks.
  const wantsSecond = model.components.has('text_encoder') && !model.components.has('text_encoder_2');
  if (wantsSecond) return new Map(projected === null ? [] : [['text_encoder_2', projected]]);
  const first = clipAlone(file);
  return new Map(first === null ? [] : [['text_encoder', first]]);
}

/** The second text encoder alone, in the names of transformers. */
function projectedAlone(file: TensorFile): SingleFileComponent | null {
  const root = clipRoot(file, '');
  const projection = file.tensors.get('text_projection.weight');
  if (root === null || projection === undefined) return null;
  const config = {
    ...madeOutClip(file.tensors, root),
    architectures: ['CLIPTextModelWithProjection'],
    hidden_act: 'gelu',
    projection_dim: projection.shape[0] ?? 0,
  };
  return {
    config,
    weights: () =>
      placed(buildProjectedTextEncoder(readProjectedClipTextConfig(config, file.path)), file, (name) =>
        name === 'text_projection.weight' ? name : root + name.replace(/^text_model\./, ''),
      ),
  };
}
