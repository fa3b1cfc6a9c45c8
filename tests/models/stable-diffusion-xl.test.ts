import { describe, expect, test } from 'vitest';

import { readUNetConfig } from '../../native/models/unet.ts';
import { readModelFixture } from '../reference/fixture.ts';
import { failureOf } from '../training/tiny-model.ts';

describe('the config of a UNet that is told of texts and pictures as wholes', () => {
  test('says how many numbers a text comes to', async () => {
    const { config } = await readModelFixture('unet-sdxl');
    const { addition, transformerLayers } = readUNetConfig(config);
    expect(addition).toEqual({ textSize: 16, facts: 6, factSize: 8 });
    expect(transformerLayers).toEqual([1, 1, 2]);
  });

  test.each([
    [{ addition_embed_type: 'text_image' }, 'config-unsupported', 'addition_embed_type'],
    [{ addition_time_embed_dim: 7 }, 'config-invalid', 'addition_time_embed_dim'],
    [{ addition_time_embed_dim: null }, 'config-invalid', 'addition_time_embed_dim'],
    [{ projection_class_embeddings_input_dim: 48 }, 'config-unsupported', 'projection_class_embeddings'],
    [{ transformer_layers_per_block: [1, 2] }, 'config-invalid', 'transformer_layers_per_block'],
    [{ transformer_layers_per_block: [[0], [2, 2], [4, 4]] }, 'config-invalid', 'transformer_layers'],
    [{ transformer_layers_per_block: 65 }, 'config-invalid', 'transformer_layers_per_block'],
    [{ reverse_transformer_layers_per_block: [1, 2, 3] }, 'config-unsupported', 'reverse_transformer'],
  ] as const)('is refused by name where it asks for another: %o', async (change, code, field) => {
    const { config } = await readModelFixture('unet-sdxl');
    const read = Promise.resolve().then(() => readUNetConfig({ ...(config as object), ...change }));
    const failure = await failureOf(read);
    expect([failure.code, failure.message]).toEqual([code, expect.stringContaining(field)]);
  });
});
