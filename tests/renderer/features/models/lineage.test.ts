import { describe, expect, test } from 'vitest';

import { ancestry, lineage } from '../../../../renderer/features/models/lineage.ts';
import { exampleModel } from '../../example-run.ts';

const model = (id: number, parentId: number | null) => ({ ...exampleModel, id, parentId, createdAt: id });
const ids = (models: ReturnType<typeof ancestry>) => models.map(({ id }) => id);

describe('lineage', () => {
  test('puts each model right below what it was made of', () => {
    const rows = lineage([model(1, null), model(2, null), model(3, 1), model(4, 3), model(5, 1)]);
    expect(rows.map((row) => [row.model.id, row.depth])).toEqual([
      [1, 0],
      [3, 1],
      [4, 2],
      [5, 1],
      [2, 0],
    ]);
  });

  test('draws a line on where a later child follows', () => {
    const rows = lineage([model(1, null), model(3, 1), model(4, 3), model(5, 1)]);
    expect(rows.map(({ lines }) => lines)).toEqual([[], [true], [true, false], [false]]);
  });

  test('has a model whose parent is gone among the first', () => {
    expect(lineage([model(3, 99)]).map(({ depth }) => depth)).toEqual([0]);
  });

  test('ends even where a library claims a circle', () => {
    const circle = [model(1, 2), model(2, 1)];
    expect(lineage(circle).map((row) => row.model.id)).toEqual([1, 2]);
    expect(ids(ancestry(circle, circle[0]!))).toEqual([2, 1]);
  });
});

test('ancestry goes from the base to the model', () => {
  const models = [model(1, null), model(3, 1), model(4, 3)];
  expect(ids(ancestry(models, models[2]!))).toEqual([1, 3, 4]);
});
