import { type AutoencoderConfig, autoencoderFactor, decode, encode } from '../../models/autoencoder.ts';
import { clipText, type ClipTextConfig } from '../../models/clip-text.ts';
import { unet, type UNetConfig, unetStride } from '../../models/unet.ts';
import type { Autoencoder, Conditioning, Denoiser } from '../family.ts';

export function klAutoencoder(config: AutoencoderConfig): Autoencoder {
  return {
    component: 'vae',
    pictureChannels: config.inChannels,
    latentChannels: config.latentChannels,
    factor: autoencoderFactor(config),
    scalingFactor: config.scalingFactor,
    encode: (model, pictures) => encode(model, config, pictures),
    decode: (model, latents) => decode(model, config, latents),
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
  tokenize: (caption: string) => readonly number[],
): Conditioning {
  return {
    encoders: ['text_encoder'],
    tokens: { input_ids: { type: 'int64', shape: [config.positions] } },
    tokenize: (caption) => ({ input_ids: tokenize(caption ?? '') }),
    states: {
      encoder_hidden_states: { type: 'float32', shape: [config.positions, config.hiddenSize] },
    },
    encode: (builders, { input_ids: ids }) => ({
      encoder_hidden_states: clipText(builders('text_encoder'), config, ids!),
    }),
    facts: {},
    factsOf: () => ({}),
  };
}
