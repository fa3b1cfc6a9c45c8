import { describe, expect, test } from 'vitest';

import {
  applyOverride,
  parseJsonText,
  parseOverride,
  validateRunSpec,
} from '../../electron/contract/parse-run-spec.ts';
import { methodKinds } from '../../electron/contract/run-spec.ts';
import { optimizerKinds } from '../../native/facts/optimizers.ts';
import { samplers } from '../../native/facts/samplers.ts';
import { Failure } from '../../native/failure.ts';

const listed = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');

const smallest = { base: 'models/sd-1.5', data: { folder: 'photos' } };

function failureOf(act: () => unknown): Failure {
  try {
    act();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('Expected a failure');
}

/** The lines after the first, which name one fault each. */
function faultsOf(spec: unknown): readonly string[] {
  const { code, message } = failureOf(() => validateRunSpec(spec, 'run.json'));
  expect(code).toBe('run-spec-invalid');
  const [first, ...faults] = message.split('\n');
  expect(first).toBe('run.json does not describe a run:');
  return faults.map((fault) => fault.trim());
}

describe('a run file', () => {
  test('needs a base and data, and has a default for all the rest', () => {
    const spec = validateRunSpec(smallest, 'run.json');
    expect(spec.method).toEqual({ kind: 'full', textEncoder: false });
    expect(spec.data).toEqual({
      folder: 'photos',
      captions: { kind: 'sidecar' },
      validation: 0,
      share: 'all',
      repeats: 1,
    });
    expect(spec.train).toMatchObject({ epochs: 100, checkpoints: [1, 2, 5, 15, 30, 45, 60, 70, 100] });
    expect(spec.train).toMatchObject({
      optimizer: { weightDecay: 0.01 },
      maxGradientNorm: 1,
      captionDropout: 0.1,
    });
    expect(spec.train.learningRate).toBeUndefined();
  });

  test('may be validated again as it was filled in', () => {
    const spec = validateRunSpec({ ...smallest, samples: { prompts: ['a cat'] } }, 'run.json');
    expect(spec.samples.prompts).toEqual([{ prompt: 'a cat', negativePrompt: '' }]);
    expect(validateRunSpec(spec, 'run.json')).toEqual(spec);
  });

  test('that lacks what it needs is told each thing', () => {
    expect(faultsOf({})).toEqual(['base: is missing', 'data: is missing']);
    expect(faultsOf({ ...smallest, data: {} })).toEqual(['data.folder: is missing']);
    expect(faultsOf([])).toEqual(['the whole: must be an object, is a list']);
    expect(faultsOf({ base: '', data: { folder: 'photos' } })).toEqual(['base: must not be empty']);
  });

  test('names its optimizer, with what of it is not as usual', () => {
    const optimizerOf = (train: object) =>
      validateRunSpec({ ...smallest, train }, 'run.json').train.optimizer;
    const usual = { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };
    expect(optimizerOf({})).toEqual(usual);
    expect(optimizerOf({ optimizer: { kind: 'adamw' } })).toEqual(usual);
    expect(optimizerOf({ optimizer: { kind: 'adamw', beta2: 0.99 } })).toEqual({ ...usual, beta2: 0.99 });
  });

  test('may have the settings of AdamW beside the others, as it had them once', () => {
    const { train } = validateRunSpec(
      { ...smallest, train: { epochs: 3, beta1: 0.8, epsilon: 1e-6, weightDecay: 0 } },
      'run.json',
    );
    const { train: same } = validateRunSpec(
      {
        ...smallest,
        train: { epochs: 3, optimizer: { kind: 'adamw', beta1: 0.8, epsilon: 1e-6, weightDecay: 0 } },
      },
      'run.json',
    );
    expect(train).toEqual(same);
    expect(Object.keys(train)).not.toContain('beta1');
    expect(train.optimizer).toMatchObject({ beta1: 0.8 });
    expect(faultsOf({ ...smallest, train: { beta2: 1, epsilon: 0 } })).toEqual([
      'train.beta2: must be less than 1, is 1',
      'train.epsilon: must be more than 0, is 0',
    ]);
  });

  test('that has them twice is told which', () => {
    const train = { optimizer: { kind: 'adamw', weightDecay: 0 }, beta1: 0.8, weightDecay: 0.02 };
    expect(faultsOf({ ...smallest, train })).toEqual([
      'train.beta1: must stand in "optimizer", not beside it, is 0.8',
      'train.weightDecay: must stand in "optimizer", not beside it, is 0.02',
    ]);
  });

  test('with a wrong optimizer is told what is wrong in it', () => {
    expect(faultsOf({ ...smallest, train: { optimizer: { kind: 'adamw', beta: 0.8, beta1: 1 } } })).toEqual([
      'train.optimizer.beta1: must be less than 1, is 1',
      'train.optimizer.beta: there is no such key; did you mean "beta1"?',
    ]);
    expect(faultsOf({ ...smallest, train: { optimizer: { kind: 'adam' } } })).toEqual([
      `train.optimizer.kind: must be one of ${listed(optimizerKinds)}, is "adam"; did you mean "adamw"?`,
    ]);
  });

  test('with a misspelt key is told the nearest one', () => {
    expect(faultsOf({ ...smallest, metod: {} })).toEqual([
      'metod: there is no such key; did you mean "method"?',
    ]);
    expect(faultsOf({ ...smallest, train: { learning_rate: 1 } })).toEqual([
      'train.learning_rate: there is no such key; did you mean "learningRate"?',
    ]);
  });

  test('with a key of another kind of method is told the keys of its own', () => {
    expect(faultsOf({ ...smallest, method: { kind: 'full', rank: 4 } })).toEqual([
      'method.rank: there is no such key; there are "kind", "textEncoder"',
    ]);
    expect(faultsOf({ ...smallest, method: { kind: 'lora', rnak: 4 } })).toEqual([
      'method.rnak: there is no such key; did you mean "rank"?',
    ]);
  });

  test('with a misspelt choice is told the choices and the nearest one', () => {
    expect(faultsOf({ ...smallest, samples: { sampler: 'euler-ancestal' } })).toEqual([
      `samples.sampler: must be one of ${listed(samplers)}, is "euler-ancestal"; did you mean "euler-ancestral"?`,
    ]);
    expect(faultsOf({ ...smallest, method: { kind: 'LoRA' } })).toEqual([
      `method.kind: must be one of ${listed(methodKinds)}, is "LoRA"; did you mean "lora"?`,
    ]);
    expect(faultsOf({ ...smallest, method: {} })).toEqual([
      `method.kind: is missing; must be one of ${listed(methodKinds)}`,
    ]);
  });

  test('with numbers out of range is told the range and the number', () => {
    const train = { epochs: 0, batchSize: 1.5, captionDropout: 2, learningRate: 'fast', emaDecay: 1 };
    expect(faultsOf({ ...smallest, train })).toEqual([
      'train.epochs: must be at least 1, is 0',
      'train.batchSize: must be a whole number, is 1.5',
      'train.learningRate: must be a number, is "fast"',
      'train.emaDecay: must be less than 1, is 1',
      'train.captionDropout: must be at most 1, is 2',
    ]);
  });

  test('is told the place within a list', () => {
    expect(faultsOf({ ...smallest, train: { checkpoints: [1, 0] } })).toEqual([
      'train.checkpoints[1]: must be at least 1, is 0',
    ]);
    expect(faultsOf({ ...smallest, samples: { seeds: [] } })).toEqual([
      'samples.seeds: must have at least 1 of them',
    ]);
    expect(faultsOf({ ...smallest, samples: { prompts: ['a cat', 3] } })).toEqual([
      'samples.prompts[1]: must be a text, or an object with "prompt" and "negativePrompt", is 3',
    ]);
  });

  test('is told what a validation split can be', () => {
    for (const validation of [12, 0.1, 0, ['a.png'], 'marked']) {
      expect(
        validateRunSpec({ ...smallest, data: { folder: 'photos', validation } }, 'run.json').data.validation,
      ).toEqual(validation);
    }
    expect(faultsOf({ ...smallest, data: { folder: 'photos', validation: 1.5 } })).toHaveLength(1);
    expect(faultsOf({ ...smallest, data: { folder: 'photos', validation: 'some' } })).toEqual([
      'data.validation: must be a number of images, a fraction below 1, a list of images by their path in the data folder, or "marked", is "some"',
    ]);
  });

  test('that is no JSON is told the line and column', () => {
    const failure = failureOf(() => parseJsonText('{\n  "base": "a",\n  base: 1\n}', 'run.json'));
    expect(failure.code).toBe('run-spec-syntax');
    expect(failure.message).toContain('run.json is not valid JSON at line 3, column 3');
  });

  test('may begin with a byte order mark', () => {
    expect(parseJsonText('\uFEFF{"base":"a"}', 'run.json')).toEqual({ base: 'a' });
  });
});

describe('an override', () => {
  test('is JSON where it reads as JSON and text otherwise', () => {
    expect(parseOverride('train.learningRate=1e-4')).toEqual({
      path: ['train', 'learningRate'],
      value: 1e-4,
    });
    expect(parseOverride('base=../models/a=b')).toEqual({ path: ['base'], value: '../models/a=b' });
    expect(parseOverride('samples.seeds=[1,2]').value).toEqual([1, 2]);
  });

  test('that sets nothing is refused', () => {
    for (const argument of ['train.epochs', '=3', 'train..epochs=3', 'train.=3']) {
      expect(failureOf(() => parseOverride(argument)).code).toBe('override-invalid');
    }
  });

  test('changes its own place in a copy and nothing else', () => {
    const before = { base: 'a', train: { epochs: 3, seed: 1 } };
    const after = applyOverride(before, { path: ['train', 'epochs'], value: 30 });
    expect(after).toEqual({ base: 'a', train: { epochs: 30, seed: 1 } });
    expect(before.train.epochs).toBe(3);
    expect(applyOverride({}, { path: ['data', 'folder'], value: 'photos' })).toEqual({
      data: { folder: 'photos' },
    });
  });

  test('named like a part of every object is a key like any other', () => {
    const after = applyOverride({}, { path: ['__proto__', 'polluted'], value: true });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(Object.keys(after as object)).toEqual(['__proto__']);
  });
});
