/**
 * What the original latent diffusion code calls the weights that diffusers and transformers know by other names. Files of
 * whole Stable Diffusion models have these: `model.diffusion_model.` is the UNet, `first_stage_model.` the VAE,
 * `cond_stage_model.` the text encoder.
 */

/** How many blocks lie in a level decides the numbers of the blocks in one long list. */
export interface UNetPlan {
  readonly layersPerBlock: number;
  /** From the finest level to the coarsest: whether its blocks have transformers. */
  readonly crossAttention: readonly boolean[];
}

type Renames = readonly (readonly [from: string, to: string])[];

const unetStems: Renames = [
  ['conv_in.', 'input_blocks.0.0.'],
  ['time_embedding.linear_1.', 'time_embed.0.'],
  ['time_embedding.linear_2.', 'time_embed.2.'],
  ['add_embedding.linear_1.', 'label_emb.0.0.'],
  ['add_embedding.linear_2.', 'label_emb.0.2.'],
  ['mid_block.resnets.0.', 'middle_block.0.'],
  ['mid_block.attentions.0.', 'middle_block.1.'],
  ['mid_block.resnets.1.', 'middle_block.2.'],
  ['conv_norm_out.', 'out.0.'],
  ['conv_out.', 'out.2.'],
];

const unetResnet: Renames = [
  ['norm1.', 'in_layers.0.'],
  ['conv1.', 'in_layers.2.'],
  ['time_emb_proj.', 'emb_layers.1.'],
  ['norm2.', 'out_layers.0.'],
  ['conv2.', 'out_layers.3.'],
  ['conv_shortcut.', 'skip_connection.'],
];

const vaeStems: Renames = [
  ['mid_block.resnets.0.', 'mid.block_1.'],
  ['mid_block.resnets.1.', 'mid.block_2.'],
  ['mid_block.attentions.0.group_norm.', 'mid.attn_1.norm.'],
  ['mid_block.attentions.0.to_q.', 'mid.attn_1.q.'],
  ['mid_block.attentions.0.to_k.', 'mid.attn_1.k.'],
  ['mid_block.attentions.0.to_v.', 'mid.attn_1.v.'],
  ['mid_block.attentions.0.to_out.0.', 'mid.attn_1.proj_out.'],
  ['conv_norm_out.', 'norm_out.'],
];

const openClipStems: Renames = [
  ['embeddings.token_embedding.weight', 'token_embedding.weight'],
  ['embeddings.position_embedding.weight', 'positional_embedding'],
  ['final_layer_norm.', 'ln_final.'],
];

const openClipLayer: Renames = [
  ['layer_norm1.', 'ln_1.'],
  ['layer_norm2.', 'ln_2.'],
  ['mlp.fc1.', 'mlp.c_fc.'],
  ['mlp.fc2.', 'mlp.c_proj.'],
  ['self_attn.out_proj.', 'attn.out_proj.'],
];

/** The name with the stem that it begins with renamed; as it is where none does. */
function renamed(name: string, renames: Renames): string {
  const found = renames.find(([from]) => name.startsWith(from));
  return found === undefined ? name : found[1] + name.slice(found[0].length);
}

/** `down_blocks.1.resnets.0.norm1.weight` -> `input_blocks.4.0.in_layers.0.weight` */
export function ldmUNetName(name: string, { layersPerBlock, crossAttention }: UNetPlan): string {
  const stem = renamed(name, unetStems);
  const resnet = /^(middle_block\.[02]\.)(.+)$/.exec(stem);
  if (resnet) return resnet[1]! + renamed(resnet[2]!, unetResnet);
  const block = /^(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.+)$/.exec(
    name,
  );
  if (!block) return stem;
  const [direction, part, rest] = [block[1]!, block[3]!, block[5]!];
  const [level, index] = [Number(block[2]), Number(block[4])];
  const perLevel = layersPerBlock + 1;
  if (part === 'downsamplers')
    return `input_blocks.${perLevel * (level + 1)}.0.op.${rest.replace(/^conv\./, '')}`;
  if (part === 'upsamplers') {
    const hasAttention = crossAttention[crossAttention.length - 1 - level] ?? false;
    return `output_blocks.${perLevel * (level + 1) - 1}.${hasAttention ? 2 : 1}.${rest}`;
  }
  const place =
    direction === 'down'
      ? `input_blocks.${perLevel * level + index + 1}`
      : `output_blocks.${perLevel * level + index}`;
  return part === 'resnets' ? `${place}.0.${renamed(rest, unetResnet)}` : `${place}.1.${rest}`;
}

/** `decoder.up_blocks.0.resnets.0.conv_shortcut.weight` -> `decoder.up.3.block.0.nin_shortcut.weight` */
export function ldmVaeName(name: string, levels: number): string {
  const half = /^(encoder|decoder)\.(.+)$/.exec(name);
  if (!half) return name;
  const [side, inner] = [half[1]!, half[2]!];
  const block = /^(down|up)_blocks\.(\d+)\.(resnets|downsamplers|upsamplers)\.(\d+)\.(.+)$/.exec(inner);
  if (!block) return `${side}.${renamed(inner, vaeStems)}`;
  const [direction, part, index, rest] = [block[1]!, block[3]!, block[4]!, block[5]!];
  // The decoder's levels are numbered from the finest, though it begins with the coarsest.
  const level = direction === 'down' ? Number(block[2]) : levels - 1 - Number(block[2]);
  const place = `${side}.${direction}.${level}`;
  if (part === 'resnets')
    return `${place}.block.${index}.${rest.replace(/^conv_shortcut\./, 'nin_shortcut.')}`;
  return `${place}.${part === 'downsamplers' ? 'downsample' : 'upsample'}.${rest}`;
}

/** Where a weight lies in another: OpenCLIP has queries, keys and values in one. */
export interface OpenClipName {
  readonly name: string;
  /** Which third of the rows; null where the weight is the whole. */
  readonly third: 0 | 1 | 2 | null;
}

/** `text_model.encoder.layers.3.self_attn.k_proj.bias` -> the second third of `transformer.resblocks.3.attn.in_proj_bias` */
export function openClipName(name: string): OpenClipName {
  const inner = name.replace(/^text_model\./, '');
  const layer = /^encoder\.layers\.(\d+)\.(.+)$/.exec(inner);
  if (!layer) return { name: renamed(inner, openClipStems), third: null };
  const block = `transformer.resblocks.${layer[1]!}.`;
  const projection = /^self_attn\.([qkv])_proj\.(weight|bias)$/.exec(layer[2]!);
  if (!projection) return { name: block + renamed(layer[2]!, openClipLayer), third: null };
  const third = 'qkv'.indexOf(projection[1]!) as 0 | 1 | 2;
  return { name: `${block}attn.in_proj_${projection[2]!}`, third };
}
