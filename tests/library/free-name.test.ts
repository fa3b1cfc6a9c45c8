import { expect, test } from 'vitest';

import { openDatabase } from '../../electron/library/database.ts';
import { freeName } from '../../electron/library/free-name.ts';
import { createModelRecords } from '../../electron/models/model-records.ts';

test('what would have the name of another is counted', () => {
  expect(freeName(new Set(), 'foxes')).toBe('foxes');
  expect(freeName(new Set(['foxes', 'foxes 2']), 'foxes')).toBe('foxes 3');
});

test('two models of one name are told apart, as when an epoch is kept twice', () => {
  const database = openDatabase(':memory:');
  const records = createModelRecords(database);
  const model = {
    ...{ kind: 'finetune' as const, name: 'foxes, epoch 5', createdAt: 1 },
    ...{ resolution: 64, pixelStep: 32, prediction: 'epsilon' as const, components: [], bytes: 1 },
    ...{ parentId: null, runId: null, epoch: 5, card: null },
  };
  const ids = ['/a', '/b'].map((folder) => records.insert({ ...model, folder }));
  expect(ids.map((id) => records.get(id).name)).toEqual(['foxes, epoch 5', 'foxes, epoch 5 2']);
  database.close();
});
