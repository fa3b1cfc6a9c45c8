import { describe, expect, test } from 'vitest';

import {
  createDraftStore,
  draftLike,
  requestOf,
  untouched,
  withEdits,
} from '../../../../renderer/features/train/request-draft.ts';
import { exampleRequest } from '../../example-run.ts';

describe('a request', () => {
  test('is the defaults where nobody wrote anything', () => {
    expect(requestOf(exampleRequest, {})).toEqual(exampleRequest);
  });

  test('takes from the edits what was written, and of objects only the written part', () => {
    const edits = withEdits(withEdits({ name: 'mine' }, { train: { epochs: 30 } }), { train: { seed: 5 } });
    const request = requestOf(exampleRequest, edits);
    expect(request).toEqual({
      ...exampleRequest,
      name: 'mine',
      train: { ...exampleRequest.train, epochs: 30, seed: 5 },
    });
  });

  test('warms up for less where the run is made shorter, and for what was written where that was', () => {
    const defaults = {
      ...exampleRequest,
      train: { ...exampleRequest.train, epochs: 50, warmupSteps: 40 },
    };
    const warmup = (train: Parameters<typeof requestOf>[1]['train']) =>
      requestOf(defaults, train === undefined ? {} : { train }).train.warmupSteps;
    expect(warmup(undefined)).toBe(40);
    expect(warmup({ epochs: 10 })).toBe(8);
    expect(warmup({ epochs: 1 })).toBe(0);
    expect(warmup({ epochs: 100 })).toBe(40);
    expect(warmup({ epochs: Number.NaN })).toBe(40);
    expect(warmup({ epochs: 10, warmupSteps: 25 })).toBe(25);
  });

  test('keeps rank and alpha out of full finetuning', () => {
    const request = requestOf(exampleRequest, { method: { rank: 8, alpha: 4, textEncoder: true } });
    expect(request.method).toEqual({ kind: 'full', textEncoder: true });
  });
});

describe('a draft', () => {
  test('forgets caption sets when the data set changes, and nothing else of the recipe', () => {
    const store = createDraftStore();
    store.getState().edit({ captionSetIds: [1, 2], train: { epochs: 3 } });
    store.getState().chooseDataset(9);
    expect(store.getState().choice.datasetId).toBe(9);
    expect(store.getState().edits).toEqual({ train: { epochs: 3 } });
  });

  test('keeps the sizes that were typed when the base changes', () => {
    const store = createDraftStore();
    store.getState().edit({ resolution: 512, recipe: { width: 512, height: 768, steps: 12 } });
    store.getState().chooseBase(4);
    expect(store.getState().choice.baseModelId).toBe(4);
    expect(store.getState().edits).toEqual({
      resolution: 512,
      recipe: { width: 512, height: 768, steps: 12 },
    });
  });

  test('forgets the learning rate when the method changes', () => {
    const store = createDraftStore();
    store.getState().edit({ train: { learningRate: 3e-5, epochs: 7 } });
    store.getState().chooseMethod('lora');
    expect(store.getState().edits.train).toEqual({ epochs: 7 });
  });

  test('forgets what was tried out once that is started, and when the method or the base changes', () => {
    const store = createDraftStore();
    const tryOut = () => {
      const sweep = [{ path: 'train.learningRate', values: [1e-4, 3e-4] }];
      store.getState().edit({ name: 'mine', sweep, train: { epochs: 7 } });
      expect(store.getState().edits.sweep).toEqual(sweep);
    };
    const others = [
      store.getState().forgetStarted,
      () => {
        store.getState().chooseMethod('lora');
      },
      () => {
        store.getState().chooseBase(4);
      },
    ];
    for (const other of others) {
      tryOut();
      other();
      expect(store.getState().edits).toEqual({ train: { epochs: 7 } });
    }
  });

  test('keeps a word that was typed while other methods are looked at', () => {
    const store = createDraftStore();
    const word = { word: '<crab>', vectors: 2, initWords: 'a crab', captions: 'own' } as const;
    store.getState().edit({ word });
    store.getState().chooseMethod('lora');
    const lora = { ...exampleRequest, method: { kind: 'lora', textEncoder: false, rank: 8 } } as const;
    expect(requestOf(lora, store.getState().edits).method).toEqual(lora.method);
    store.getState().chooseMethod('embedding');
    const taught = { ...exampleRequest, method: { kind: 'embedding', ...word, word: 'mycrabs' } } as const;
    const request = requestOf(taught, store.getState().edits);
    expect(request.method).toEqual({ kind: 'embedding', ...word });
    // As in a run that was.
    store.getState().fillFrom(request);
    expect(store.getState().choice.method).toBe('embedding');
    expect(requestOf(taught, store.getState().edits).method).toEqual(request.method);
  });

  test('with something else to learn forgets what was written over the proposal, and nothing else', () => {
    const store = createDraftStore();
    store.getState().edit({
      train: { learningRate: 3e-5, epochs: 7, randomFlip: true, seed: 3 },
      method: { rank: 4, alpha: 2 },
    });
    store.getState().chooseAim('character');
    expect(store.getState().choice.aim).toBe('character');
    expect(store.getState().edits).toEqual({ train: { seed: 3 }, method: { alpha: 2 } });
  });

  test('with another optimizer has its usual settings, and a learning rate that suits it', () => {
    const store = createDraftStore();
    const train = () => requestOf(exampleRequest, store.getState().edits).train;
    store.getState().edit({ train: { learningRate: 3e-5, epochs: 7 } });
    store.getState().chooseOptimizer('lion');
    expect(train().optimizer).toEqual({ kind: 'lion', beta1: 0.9, beta2: 0.99, weightDecay: 0.05 });
    expect(exampleRequest.train.learningRate).toBe(1e-5);
    expect(train()).toMatchObject({ learningRate: 2e-6, epochs: 7 });
    store.getState().edit({ train: { learningRate: 5e-6 } });
    expect(train().learningRate).toBe(5e-6);
    store.getState().chooseOptimizer('adamw');
    expect(train()).toEqual({ ...exampleRequest.train, epochs: 7 });
  });

  test('made of an earlier request comes to that request again, by another name', () => {
    const lora = {
      ...exampleRequest,
      method: { kind: 'lora' as const, textEncoder: true, rank: 4, alpha: 2 },
    };
    const { choice, edits } = draftLike(lora);
    expect(choice).toEqual({ datasetId: 1, baseModelId: 1, method: 'lora', aim: null });
    const defaults = { ...exampleRequest, name: 'emoji 2', method: { ...lora.method, rank: 16 } };
    expect(requestOf(defaults, edits)).toEqual({ ...lora, name: 'emoji 2' });
  });

  test('started over is as nobody had touched it', () => {
    const store = createDraftStore();
    store.getState().fillFrom(exampleRequest);
    store.getState().startOver();
    expect(store.getState()).toMatchObject(untouched);
  });
});
