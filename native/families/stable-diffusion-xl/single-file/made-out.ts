/** What the names and shapes of a single file's tensors say of a Stable Diffusion XL: the configs that diffusers would have written. */
import type { JsonObject } from '../../../files/json-file.ts';
import {
  madeOutOpenClip,
  type MadeOutUNet,
  madeOutUNet,
  type Tensors,
  unetPrefix,
} from '../../stable-diffusion/single-file/made-out.ts';

export const xlClipPrefix = 'conditioner.embedders.0.transformer.';
export const xlOpenClipPrefix = 'conditioner.embedders.1.model.';

/** A refiner has OpenCLIP in the place of CLIP. */
export const refinerPrefix = 'conditioner.embedders.0.model.';

export const labelWeight = `${unetPrefix}label_emb.0.0.weight`;

/** Numbers that the UNet is told of a picture, and what each is embedded in where nothing else says so. */
const [facts, publishedFactSize] = [6, 256];

/** Of a hostile file: no transformer has more blocks. */
const mostLayers = 64;

export function madeOutXlUNet(tensors: Tensors, sampleSize: number): MadeOutUNet {
  // Its heads and projections are the second generation's.
  const { config, plan } = madeOutUNet(tensors, 2, sampleSize);
  const told = tensors.get(labelWeight)?.shape[1] ?? 0;
  const text = tensors.get(`${xlOpenClipPrefix}text_projection`)?.shape[1];
  const perLevel = plan.layersPerBlock + 1;
  const layers = plan.crossAttention.map((attends, level) =>
    attends ? layersOf(tensors, `${unetPrefix}input_blocks.${perLevel * level + 1}.1`) : 1,
  );
  return {
    plan,
    config: {
      ...config,
      addition_embed_type: 'text_time',
      addition_time_embed_dim: text === undefined ? publishedFactSize : Math.floor((told - text) / facts),
      projection_class_embeddings_input_dim: told,
      transformer_layers_per_block: layers,
    },
  };
}

function layersOf(tensors: Tensors, transformer: string): number {
  let layers = 0;
  while (layers < mostLayers && tensors.has(`${transformer}.transformer_blocks.${layers}.norm1.weight`))
    layers++;
  return layers;
}

export function madeOutProjected(tensors: Tensors): JsonObject {
  const config = madeOutOpenClip(tensors, xlOpenClipPrefix);
  return {
    ...config,
    architectures: ['CLIPTextModelWithProjection'],
    projection_dim: tensors.get(`${xlOpenClipPrefix}text_projection`)?.shape[1] ?? config.hidden_size,
  };
}
