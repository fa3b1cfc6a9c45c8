import { describe, expect, test } from 'vitest';

import { runSpecSchema } from '../../electron/contract/run-spec.ts';
import {
  type AdviceContext,
  type ChosenSettings,
  settingAdvice,
} from '../../electron/contract/setting-advice.ts';

const usual: ChosenSettings = {
  method: { kind: 'lora', textEncoder: false, rank: 16 },
  resolution: null,
  train: runSpecSchema.shape.train.parse({ epochs: 30, batchSize: 4, learningRate: 1e-4 }),
  recipe: { steps: 25, guidanceScale: 7.5, width: 512, height: 512 },
};
const known: AdviceContext = {
  ...{ usualRate: 1e-4, baseResolution: 512, images: 64, steps: 480 },
  ...{ heldOut: 4, checkpoints: 5 },
};

const adviceOn = (change: Partial<ChosenSettings>, context: Partial<AdviceContext> = {}) =>
  Object.fromEntries(settingAdvice({ ...usual, ...change }, { ...known, ...context }));
const train = (change: Partial<ChosenSettings['train']>) => ({ train: { ...usual.train, ...change } });
const recipe = (change: Partial<ChosenSettings['recipe']>) => ({ recipe: { ...usual.recipe, ...change } });

describe('advice on settings', () => {
  test('is none on what is usual, and none where nothing is known yet', () => {
    expect(adviceOn({})).toEqual({});
    const unknown = { usualRate: null, baseResolution: null, images: null, steps: null };
    expect(adviceOn({ ...train({ learningRate: 5, batchSize: 500 }), resolution: 64 }, unknown)).toEqual({});
    expect(adviceOn({ ...train({ learningRate: Number.NaN }), resolution: Number.NaN })).toEqual({});
  });

  test.each<[string, Partial<ChosenSettings>, Partial<AdviceContext>, RegExp]>([
    ['train.learningRate', train({ learningRate: 5 }), {}, /50,000 times what suits .*0\.0001.*fall apart/],
    ['train.learningRate', train({ learningRate: 1e-7 }), { usualRate: 1e-5 }, /100th of what suits .*1e-5/],
    ['train.epochs', train({ epochs: 1_000_000 }), { steps: 16_000_000 }, /16,000,000 steps/],
    ['train.batchSize', train({ batchSize: 65 }), {}, /only 64 images/],
    ['train.gradientAccumulation', train({ gradientAccumulation: 17 }), {}, /68 images, and there are 64/],
    ['train.patience', train({ patience: 2 }), { heldOut: 0 }, /No image is held out/],
    ['train.patience', train({ patience: 5 }), {}, /Only 5 epochs are kept/],
    ['train.warmupSteps', train({ warmupSteps: 480 }), {}, /has 480 steps/],
    ['method.rank', { method: { kind: 'lora', textEncoder: false, rank: 4096 } }, {}, /4 to 128/],
    ['resolution', { resolution: 4096 }, { baseResolution: 64 }, /made for 64 px/],
    ['recipe.width', recipe({ width: 128 }), {}, /made for 512 px/],
    ['recipe.guidanceScale', recipe({ guidanceScale: 60 }), {}, /2 to 9/],
    ['recipe.steps', recipe({ steps: 500 }), {}, /50 steps/],
  ])('names %s', (path, change, context, words) => {
    expect(adviceOn(change, context)[path]).toMatch(words);
  });
});
