import { Graph } from '../../graph/graph.ts';
import { type AutoencoderConfig, autoencoderFactor, decode, encode } from '../../models/autoencoder.ts';
import { clipText, type ClipTextConfig } from '../../models/clip-text.ts';
import { InputParameters, type InputParametersOptions } from '../../models/model-builder.ts';
import { unet, type UNetConfig, unetStride } from '../../models/unet.ts';

/** Models built alone, as small as they may be, for what there is to know of their parameters. */
type Build<Config> = (config: Config, options?: InputParametersOptions) => InputParameters;

export const buildDenoiser: Build<UNetConfig> = (config, options) => {
  const graph = new Graph();
  const model = new InputParameters(graph, options);
  const edge = unetStride(config);
  unet(model, config, {
    sample: graph.input('sample', 'float32', [1, config.inChannels, edge, edge]),
    timesteps: graph.input('timesteps', 'float32', [1]),
    promptStates: graph.input('states', 'float32', [1, 1, config.crossAttentionDim]),
  });
  return model;
};

export const buildAutoencoder: Build<AutoencoderConfig> = (config, options) => {
  const graph = new Graph();
  const model = new InputParameters(graph, options);
  const edge = autoencoderFactor(config);
  encode(model, config, graph.input('pictures', 'float32', [1, config.inChannels, edge, edge]));
  decode(model, config, graph.input('latents', 'float32', [1, config.latentChannels, 1, 1]));
  return model;
};

export const buildTextEncoder: Build<ClipTextConfig> = (config, options) => {
  const graph = new Graph();
  const model = new InputParameters(graph, options);
  clipText(model, config, graph.input('input_ids', 'int64', [1, 1]));
  return model;
};
