import { join } from 'node:path';

import { expect, test } from 'vitest';

import type { JobEvent } from '../../native/jobs.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { drawImages, plainUNet, tinyJob, trainHere, writeTinyModel } from './tiny-model.ts';

const folder = temporaryFolder();

test('held-out images and as many that are trained on are judged at the same noise', async () => {
  await writeTinyModel(join(folder.path, 'base'), { unet: plainUNet });
  const images = await drawImages(join(folder.path, 'images'), 4);
  const epochsOf = async (name: string, validation: readonly number[]) => {
    const job = tinyJob(
      {
        folder: join(folder.path, name, 'run'),
        base: join(folder.path, 'base'),
        images,
        validation: validation.map((at) => ({ ...images[at]!, id: `held ${at}` })),
      },
      { epochs: 2, checkpointEpochs: [2], batchSize: 2 },
    );
    const epochs: Extract<JobEvent, { type: 'epoch' }>[] = [];
    await trainHere(job, (event) => {
      if (event.type === 'epoch') epochs.push(event);
    });
    return epochs;
  };
  // Of two, the first and the third image that is trained on are taken.
  const same = await epochsOf('same', [0, 2]);
  expect(same.map(({ epoch }) => epoch)).toEqual([0, 1, 2]);
  for (const { seenLoss, validationLoss, validationParts } of same) {
    expect(seenLoss).toBe(validationLoss);
    // Two images at four noise levels, two rows to a batch: four batches.
    expect(validationParts).toHaveLength(4);
    expect(validationParts!.reduce((sum, part) => sum + part, 0)).toBeCloseTo(validationLoss!, 6);
  }
  const [other] = await epochsOf('other', [1]);
  expect(other!.seenLoss).not.toBe(other!.validationLoss);
  expect(other).not.toHaveProperty('validationParts');
  const [none] = await epochsOf('none', []);
  expect(none).toMatchObject({ validationLoss: null });
  expect(none).not.toHaveProperty('seenLoss');
}, 120_000);
