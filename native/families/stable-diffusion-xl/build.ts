import { Graph } from '../../graph/graph.ts';
import { projectedClipText, type ProjectedClipTextConfig } from '../../models/clip-text.ts';
import { InputParameters, type InputParametersOptions } from '../../models/model-builder.ts';
import { unet, unetStride } from '../../models/unet.ts';
import type { XlUNetConfig } from './configs.ts';

/** Models built alone, as small as they may be, for what there is to know of their parameters. */
type Build<Config> = (config: Config, options?: InputParametersOptions) => InputParameters;

export const buildXlDenoiser: Build<XlUNetConfig> = (config, options) => {
  const graph = new Graph();
  const model = new InputParameters(graph, options);
  const edge = unetStride(config);
  unet(model, config, {
    sample: graph.input('sample', 'float32', [1, config.inChannels, edge, edge]),
    timesteps: graph.input('timesteps', 'float32', [1]),
    promptStates: graph.input('states', 'float32', [1, 1, config.crossAttentionDim]),
    addition: {
      text: graph.input('text', 'float32', [1, config.addition.textSize]),
      facts: graph.input('facts', 'float32', [1, config.addition.facts]),
    },
  });
  return model;
};

export const buildProjectedTextEncoder: Build<ProjectedClipTextConfig> = (config, options) => {
  const graph = new Graph();
  const model = new InputParameters(graph, options);
  projectedClipText(
    model,
    config,
    graph.input('input_ids', 'int64', [1, 1]),
    graph.input('end', 'float32', [1, 1]),
  );
  return model;
};
