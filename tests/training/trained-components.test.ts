import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { trainedComponents } from '../../native/facts/config-facts.ts';
import { adapterWeights } from '../../native/facts/lora-shape.ts';
import type { OpenModel } from '../../native/families/family.ts';
import { openModel } from '../../native/families/open-model.ts';
import { readAdapterModules, readFacts } from '../../native/families/read-facts.ts';
import { type Method, type TrainingImage } from '../../native/jobs.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { totalElements, trainedOf } from '../../native/training/artifacts.ts';
import { chooseRecipe } from '../../native/training/train.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { drawImages, tinyJob, writeTinyModel } from './tiny-model.ts';

const folder = temporaryFolder();
let base = '';
let [runtime, model, images]: [Runtime?, OpenModel?, TrainingImage[]?] = [];
beforeAll(async () => {
  base = join(folder.path, 'base');
  await writeTinyModel(base);
  images = await drawImages(join(folder.path, 'images'), 1);
  runtime = await chooseRuntime({ provider: 'cpu' });
  model = await openModel({ base });
});
afterAll(async () => {
  await model!.close();
  await runtime!.dispose();
});

function trainedBy(method: Method) {
  const job = tinyJob({ folder: join(folder.path, 'run'), base, images: images!, method });
  const context = { emit: () => undefined, stop: new AbortController().signal };
  return trainedOf(chooseRecipe({ job, model: model!, runtime: runtime!, context }).parameters);
}

describe('what plans say is trained', () => {
  test.each([
    { kind: 'full', textEncoder: false },
    { kind: 'full', textEncoder: true },
    { kind: 'lora', textEncoder: false, rank: 2, alpha: 2 },
    { kind: 'lora', textEncoder: true, rank: 2, alpha: 2 },
    { kind: 'scratch' },
    { kind: 'scratch', textEncoder: false },
    { kind: 'text' },
    { kind: 'vae', kl: 0 },
    { kind: 'decoder', latentNoise: 0, edgeWeight: 0 },
  ] as const)('is what %o trains', async (method) => {
    const components = new Set(trainedBy(method).map(({ component }) => component));
    // What a method adds for its own use is of no component of the model.
    const own = [...components].filter((name) => model!.components.has(name));
    expect(own.sort()).toEqual([...trainedComponents(await readFacts(base), method)].sort());
  });

  const locon = { convRank: 2, blockRanks: { up: 5, mid: 0 }, dora: true };
  test.each([
    [true, {}],
    [false, {}],
    [true, locon],
  ])('of a LoRA is as large as its graph has it, text encoder %s, with %o', async (textEncoder, extras) => {
    const method = { kind: 'lora', textEncoder, rank: 3, alpha: 1, ...extras } as const;
    const names = trainedComponents(await readFacts(base), method);
    const modules = (await readAdapterModules(base)).filter(({ component }) => names.includes(component));
    const planned = adapterWeights(method, modules, 'dora' in extras);
    expect(totalElements(trainedBy(method))).toBe(planned);
  });
});
