import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

const perBlock = z.union([z.int(), z.array(z.int())]);
const unetConfig = z.looseObject({
  block_out_channels: z.array(z.int()).min(1),
  cross_attention_dim: z.int(),
  layers_per_block: perBlock.default(2),
  transformer_layers_per_block: perBlock.default(1),
  down_block_types: z.array(z.string()),
  up_block_types: z.array(z.string()),
});
const textConfig = z.looseObject({
  hidden_size: z.int(),
  intermediate_size: z.int(),
  num_hidden_layers: z.int(),
});
export type UNetShape = z.output<typeof unetConfig>;
export type TextShape = z.output<typeof textConfig>;

/**
 * Weights of a LoRA over a model's transformers: for each matrix `[out, in]` the two of `rank` x `in` and `out` x `rank`.
 * @param text null where the text encoder is not trained
 */
export function adapterParameters(unet: UNetShape, text: TextShape | null, rank: number): number {
  const at = (value: z.output<typeof perBlock>, index: number) =>
    typeof value === 'number' ? value : value[index]!;
  const channels = unet.block_out_channels;
  const last = channels.length - 1;
  const blocks = [
    ...channels.map((width, i) => ({
      width,
      i,
      layers: at(unet.layers_per_block, i),
      type: unet.down_block_types[i]!,
    })),
    { width: channels[last]!, i: last, layers: 1, type: 'CrossAttnMid' },
    ...channels.map((_, i) => ({
      width: channels[last - i]!,
      i: last - i,
      layers: at(unet.layers_per_block, last - i) + 1,
      type: unet.up_block_types[i]!,
    })),
  ].filter(({ type }) => type.startsWith('CrossAttn'));
  const cross = unet.cross_attention_dim;
  const sides = blocks.reduce((sum, { width, i, layers }) => {
    // Self-attention's four, two of cross-attention's and two towards the words, and the gated feed-forward of 4x width.
    const transformer =
      8 * width + 4 * width + 2 * (cross + width) + (width + 8 * width) + (4 * width + width);
    const projections = 4 * width;
    return sum + layers * (projections + at(unet.transformer_layers_per_block, i) * transformer);
  }, 0);
  const words =
    text === null
      ? 0
      : text.num_hidden_layers * (8 * text.hidden_size + 2 * (text.hidden_size + text.intermediate_size));
  return rank * (sides + words);
}

/** The same of the model in a folder; null where its configs do not say. */
export async function readAdapterParameters(
  folder: string,
  { rank, textEncoder }: { readonly rank: number; readonly textEncoder: boolean },
): Promise<number | null> {
  const read = async (component: string): Promise<unknown> =>
    JSON.parse(await readFile(join(folder, component, 'config.json'), 'utf8'));
  try {
    const unet = unetConfig.parse(await read('unet'));
    return adapterParameters(unet, textEncoder ? textConfig.parse(await read('text_encoder')) : null, rank);
  } catch {
    return null;
  }
}
