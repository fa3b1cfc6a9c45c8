import type { ReadingWay } from '../../facts/caption-reading.ts';
import {
  asMoments,
  type AutoencoderConfig,
  autoencoderFactor,
  decode,
  decoderLayers,
  encode,
  encoderLayers,
} from '../../models/autoencoder.ts';
import { clipText, type ClipTextConfig } from '../../models/clip-text.ts';
import { unet, type UNetConfig, unetStride } from '../../models/unet.ts';
import { areOnes, captionIds, type ChunkTokenizer, promptChunks } from '../../tokenizer/text-chunks.ts';
import { asChunks, endToEnd, usualWay } from '../clip-reading.ts';
import type { Autoencoder, Conditioning, Denoiser } from '../family.ts';
import { checkClipSkip } from '../settings-fit.ts';

export function klAutoencoder(config: AutoencoderConfig): Autoencoder {
  return {
    component: 'vae',
    pictureChannels: config.inChannels,
    latentChannels: config.latentChannels,
    factor: autoencoderFactor(config),
    scalingFactor: config.scalingFactor,
    encode: (model, pictures) => encode(model, config, pictures),
    decode: (model, latents) => decode(model, config, latents),
    encoder: encoderLayers(config),
    decoder: decoderLayers(config),
    moments: (x) => asMoments(x, config),
  };
}

export function unetDenoiser(config: UNetConfig): Denoiser {
  return {
    component: 'unet',
    channels: config.inChannels,
    stride: unetStride(config),
    predict: (model, { sample, timesteps, conditioning }) =>
      unet(model, config, { sample, timesteps, promptStates: conditioning.encoder_hidden_states! }),
  };
}

/** One CLIP, whose last hidden states the UNet reads. */
export function clipConditioning(
  config: ClipTextConfig,
  tokenizer: ChunkTokenizer,
  way: ReadingWay = usualWay,
): Conditioning {
  checkClipSkip(way, config.layers);
  const { clipSkip, chunks } = way;
  const tokens = chunks * config.positions;
  return {
    encoders: ['text_encoder'],
    way,
    as: (other) => clipConditioning(config, tokenizer, other),
    tokens: { input_ids: { type: 'int64', shape: [tokens] } },
    tokenize: (caption) => ({ input_ids: captionIds(caption ?? '', tokenizer, chunks) }),
    readPrompt: (prompt, wanted = 1) =>
      promptChunks(prompt ?? '', tokenizer, wanted).map(({ ids, weights }) => ({
        tokens: { input_ids: ids },
        weights: areOnes(weights) ? null : [{ width: config.hiddenSize, weights }],
      })),
    states: { encoder_hidden_states: { type: 'float32', shape: [tokens, config.hiddenSize] } },
    chunked: ['encoder_hidden_states'],
    encode: (builders, { input_ids: ids }) => ({
      encoder_hidden_states: endToEnd(
        clipText(builders('text_encoder'), config, asChunks(ids!, way), clipSkip),
        way,
      ),
    }),
    facts: {},
    factsOf: () => ({}),
  };
}
