import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { openModel } from '../../native/families/open-model.ts';
import { writeKohyaLora } from '../../native/weights/lora-file.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { writeSingleFileModel } from '../reference/single-file-models.ts';

const folder = temporaryFolder();
const module = 'mid_block.attentions.0.transformer_blocks.0.attn1.to_q';

describe('a LoRA over a model in one file', () => {
  test('is in the weights of the file that is written of both, and in no other', async () => {
    await writeSingleFileModel(folder.path, 1);
    const base = join(folder.path, 'sd1.safetensors');
    const plain = await openModel({ base });
    const [shape] = plain
      .component('unet')
      .weights()
      .flatMap((weight) => (weight.name === `${module}.weight` ? [weight.shape] : []));
    const [rows, columns] = shape as [number, number];
    const lora = join(folder.path, 'lora.safetensors');
    const down = new Float32Array(columns).fill(0.5);
    const up = Float32Array.from({ length: rows }, (_, i) => i);
    const layout = plain.adapters.layout();
    const adapted = { component: 'unet', module, rank: 1, alpha: 1, kernel: [], down, up };
    await writeKohyaLora(lora, [adapted], layout, 'float32', {});

    const laid = await openModel({ base, loras: [{ file: lora, strength: 0.25 }] });
    const merged = join(folder.path, 'merged.safetensors');
    await laid.saveFile(merged, 'float32', {});
    await laid.close();
    const written = await openModel({ base: merged });
    for (const name of ['unet', 'text_encoder', 'vae']) {
      for (const { name: key, shape: extents } of plain.component(name).weights()) {
        const weight = { component: name, key, shape: extents };
        const expected = await plain.readWeight(weight);
        if (key === `${module}.weight`)
          for (let i = 0; i < expected.length; i++)
            expected[i] = expected[i]! + 0.25 * 0.5 * Math.floor(i / columns);
        expect(await written.readWeight(weight), key).toEqual(expected);
      }
    }
    await written.close();
    await plain.close();
  });
});
