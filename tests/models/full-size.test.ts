import { describe, expect, test } from 'vitest';

import { elementCount } from '../../native/graph/data-type.ts';
import { Graph } from '../../native/graph/graph.ts';
import { decode, encode, readAutoencoderConfig } from '../../native/models/autoencoder.ts';
import {
  clipText,
  projectedClipText,
  readClipTextConfig,
  readProjectedClipTextConfig,
} from '../../native/models/clip-text.ts';
import { InputParameters } from '../../native/models/model-builder.ts';
import { readUNetConfig, unet } from '../../native/models/unet.ts';
import { type FullSizeName, readFullSize } from '../reference/fixture.ts';

/** Builds the whole model once, for its parameters' names and shapes. */
function build(name: FullSizeName, config: unknown, model: InputParameters, graph: Graph): void {
  if (name.endsWith('unet')) {
    const read = readUNetConfig(config);
    unet(model, read, {
      sample: graph.input('sample', 'float32', [1, 4, 64, 64]),
      timesteps: graph.input('timesteps', 'float32', [1]),
      promptStates: graph.input('states', 'float32', [1, 77, read.crossAttentionDim]),
      ...(read.addition && {
        addition: {
          text: graph.input('text', 'float32', [1, read.addition.textSize]),
          facts: graph.input('facts', 'float32', [1, read.addition.facts]),
        },
      }),
    });
  } else if (name === 'sdxl-text-encoder-2') {
    const ids = graph.input('input_ids', 'int64', [1, 77]);
    projectedClipText(
      model,
      readProjectedClipTextConfig(config),
      ids,
      graph.input('end', 'float32', [1, 77]),
    );
  } else if (name.endsWith('text-encoder')) {
    clipText(model, readClipTextConfig(config), graph.input('input_ids', 'int64', [1, 77]));
  } else {
    const read = readAutoencoderConfig(config);
    encode(model, read, graph.input('pictures', 'float32', [1, 3, 512, 512]));
    decode(model, read, graph.input('latents', 'float32', [1, 4, 64, 64]));
  }
}

// Parameter counts as published; names and shapes from diffusers and transformers, by tests/reference/full_size.py.
describe.each([
  ['sd1-unet', 859_520_964],
  ['sd2-unet', 865_910_724],
  ['sdxl-unet', 2_567_463_684],
  ['sd1-text-encoder', 123_060_480],
  ['sd2-text-encoder', 340_387_840],
  ['sdxl-text-encoder-2', 694_659_840],
  ['vae', 83_653_863],
] as const)('%s at full size', (name, count) => {
  test('has the published parameters, by name and shape', async () => {
    const { config, parameters } = await readFullSize(name);
    const graph = new Graph();
    const model = new InputParameters(graph);
    build(name, config, model, graph);
    const mine = new Map(model.parameters.map(({ key, shape }) => [key, shape.join()]));
    expect(mine).toEqual(new Map([...parameters].map(([key, shape]) => [key, shape.join()])));
    expect(model.parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0)).toBe(count);
  });
});
