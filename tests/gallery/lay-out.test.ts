import { join } from 'node:path';

import { expect, test } from 'vitest';

import type { Axis, ComparisonLayout } from '../../electron/contract/gallery.ts';
import { layOutAnimation, layoutOrigin, layOutSheet, type Point } from '../../electron/gallery/lay-out.ts';
import type { RunRecord } from '../../electron/runs/run-records.ts';
import { Failure } from '../../native/failure.ts';
import { exampleRun } from '../runs/example-run.ts';

const [fox, cat] = ['a green fox', 'a cat'].map((prompt) => ({ prompt, negativePrompt: '' }));

function input(changes: Partial<ComparisonLayout>) {
  const layout: ComparisonLayout = {
    runIds: [1],
    epochs: [5],
    prompts: [fox!],
    seeds: [0],
    columns: 'epoch',
    rows: 'prompt',
    ...changes,
  };
  const runs = layout.runIds.map((id) => ({
    record: {
      id,
      name: `run ${id}`,
      baseName: 'base',
      datasetName: 'foxes',
      captionSetName: id === 1 ? 'names' : 'tags',
      request: {
        method: { kind: 'full' },
        train: {},
        recipe: { sampler: 'ddim', steps: 4, guidanceScale: 7 },
      },
    } as unknown as RunRecord,
    run: exampleRun('/runs/1'),
    losses: [{ epoch: 5, trainLoss: 0.5, validationLoss: null }],
  }));
  const fileOf = ({ runId, epoch, prompt, seed }: Point) => `${runId} ${epoch} ${prompt.prompt} ${seed}`;
  return { layout, runs, fileOf };
}

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof Failure) return error.code;
    throw error;
  }
  return 'none';
}

test('epochs beside each other have the held-out image in front', () => {
  const sheet = layOutSheet(input({ epochs: [0, 5], prompts: [fox!, cat!] }));
  expect(sheet.columns.map(({ text }) => text)).toEqual(['Held out', 'Base', 'Epoch 5']);
  expect(sheet.columns[2]?.note).toBe('train 0.5000');
  expect(sheet.pictures).toEqual([
    [expect.stringContaining(join('photos', 'c.png')), '1 0 a green fox 0', '1 5 a green fox 0'],
    [null, '1 0 a cat 0', '1 5 a cat 0'],
  ]);
});

const several = {
  run: { runIds: [1, 2] },
  epoch: { epochs: [0, 5] },
  prompt: { prompts: [fox!, cat!] },
  seed: { seeds: [0, 9] },
};
const axes: readonly Axis[] = ['run', 'epoch', 'prompt', 'seed'];
const pairs = axes.flatMap((rows) =>
  axes.filter((columns) => columns !== rows).map((columns) => [rows, columns] as const),
);

test.each(pairs)('%s as rows and %s as columns', (rows, columns) => {
  const sheet = layOutSheet(input({ ...several[rows], ...several[columns], rows, columns }));
  const cells = sheet.pictures.map((row) => row.slice(-2));
  expect(new Set(cells.flat()).size).toBe(4);
  expect(sheet.rows).toHaveLength(2);
  // A row has one value of the rows' axis, a column one of the columns'.
  const at = { run: 0, epoch: 1, prompt: 2, seed: 3 };
  const value = (file: string | null | undefined, axis: Axis) =>
    /^(\d+) (\d+) (.*) (\d+)$/.exec(file!)![1 + at[axis]];
  expect(value(cells[0]?.[0], rows)).toBe(value(cells[0]?.[1], rows));
  expect(value(cells[0]?.[0], columns)).toBe(value(cells[1]?.[0], columns));
});

test('an animation has a frame for every epoch, and in it all else', () => {
  const animation = layOutAnimation(
    input({ epochs: [0, 1, 5], prompts: [fox!, cat!], seeds: [0, 9], rows: 'prompt', columns: 'seed' }),
  );
  expect(animation.frames.map(({ label }) => label)).toEqual(['Base', 'Epoch 1', 'Epoch 5']);
  expect(animation.columnCount).toBe(2);
  expect(animation.frames[1]?.pictures).toEqual([
    '1 1 a green fox 0',
    '1 1 a green fox 9',
    '1 1 a cat 0',
    '1 1 a cat 9',
  ]);
  expect(animation.captions[3]).toEqual({ text: 'a cat', note: 'Seed 9' });
});

test('what has no place in a layout, or is not there at all, is told', () => {
  expect(codeOf(() => layOutSheet(input({ seeds: [0, 1] })))).toBe('layout-invalid');
  expect(codeOf(() => layOutSheet(input({ rows: 'epoch' })))).toBe('layout-invalid');
  expect(codeOf(() => layOutSheet({ ...input({}), fileOf: () => null }))).toBe('nothing-made');
});

test('a sheet calls samplers as people do', () => {
  const { runs, ...rest } = input({ seeds: [3] });
  const [first] = runs;
  const request = {
    ...first!.record.request,
    recipe: { ...first!.record.request.recipe, sampler: 'dpm++-2m-karras' },
  };
  const record = { ...first!.record, request } as unknown as RunRecord;
  expect(layOutSheet({ ...rest, runs: [{ ...first!, record }] }).footer[0]).toMatch(
    /^Pictures: DPM\+\+ 2M Karras, 4 steps/,
  );
});

test('the recipe says all it takes to make it again', () => {
  expect(JSON.parse(layoutOrigin(input({ seeds: [3] })))).toMatchObject({
    seeds: [3],
    epochs: [5],
    prompts: [{ prompt: 'a green fox' }],
    runs: [{ name: 'run 1', captions: 'names', recipe: { sampler: 'ddim', steps: 4 } }],
  });
});
