import { join } from 'node:path';

import { samplers } from '../../native/facts/samplers.ts';
import { messageOf } from '../../native/failure.ts';
import { openModel } from '../../native/families/open-model.ts';
import { createTextToImage, toRgb } from '../../native/sampling/text-to-image.ts';
import { maxDifference } from '../../tests/graph/evaluate.ts';
import { writeTextToImageModels } from '../../tests/reference/text-to-image-models.ts';
import { type Check, exact } from './check.ts';

/** Of 255: float32 sums in another order over a few steps, and a rounding to bytes. */
const tolerance = 2;

/** A guided picture of every sampler, beside the processor's. */
export const pictures: Check = async ({ open, openCpu, report, folder }) => {
  await writeTextToImageModels(folder);
  const model = await openModel({ base: join(folder, 'epsilon') });
  const device = createTextToImage(await open(exact), model);
  const cpu = createTextToImage(await openCpu(), model);
  const differences: Record<string, number | string> = {};
  for (const sampler of samplers) {
    const settings = { sampler, steps: 6, guidanceScale: 4, width: 32, height: 32 };
    const request = { prompt: 'a red square on blue', negativePrompt: 'a green circle', seed: 7 };
    try {
      const [mine] = await device.generate([request], settings);
      const [theirs] = await cpu.generate([request], settings);
      differences[sampler] = maxDifference(toRgb(mine!), toRgb(theirs!));
    } catch (error) {
      differences[sampler] = messageOf(error);
    }
    report({ differences });
  }
  await device.dispose();
  await cpu.dispose();
  await model.close();
  const ok = Object.values(differences).every((of) => typeof of === 'number' && of <= tolerance);
  return { ok, differences, tolerance };
};
