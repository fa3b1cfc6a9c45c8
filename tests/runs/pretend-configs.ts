import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { trainBpe, writeClipTokenizer } from '../../native/tokenizer/train-bpe.ts';

/** The JSON files of a small model: four pixels to a latent, two levels, pictures of four times `latents`. */
export function writePretendConfigs(folder: string, latents: number): void {
  const write = (name: string, content: object) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), JSON.stringify(content));
  };
  write('model_index.json', { _class_name: 'StableDiffusionPipeline' });
  write('unet/config.json', {
    sample_size: latents,
    block_out_channels: [32, 64],
    down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
    up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
    attention_head_dim: 4,
    cross_attention_dim: 16,
  });
  write('vae/config.json', {
    block_out_channels: [16, 16, 16],
    down_block_types: Array(3).fill('DownEncoderBlock2D'),
    up_block_types: Array(3).fill('UpDecoderBlock2D'),
    norm_num_groups: 16,
  });
  write('text_encoder/config.json', { hidden_size: 16, num_attention_heads: 4, num_hidden_layers: 1 });
  write('scheduler/scheduler_config.json', { _class_name: 'DDIMScheduler' });
}

/** Its tokenizer, which knows no word and so takes a token for each letter. */
export async function writePretendTokenizer(folder: string, maxLength: number): Promise<void> {
  await writeClipTokenizer(join(folder, 'tokenizer'), trainBpe([], 514), maxLength);
}
