import { expect, test } from 'vitest';

import { eachRun, planRows } from '../../../../renderer/features/train/plan-rows.ts';
import { examplePlan } from '../../example-run.ts';

const hourly = { kind: 'hourly', pricePerHour: 2 } as const;
const valueOf = (rows: ReturnType<typeof planRows>, name: string) => rows.find((row) => row.name === name);

test('time and cost that nobody can know yet are said to come', () => {
  const rows = planRows(examplePlan, hourly, 'EUR');
  expect(valueOf(rows, 'Time')?.value).toBe('known after the first steps');
  expect(valueOf(rows, 'Cost')?.value).toBe('known with the time');
});

test('time and cost are told by the epoch first, then in all', () => {
  const rows = planRows({ ...examplePlan, secondsPerEpoch: 90, seconds: 900, cost: 0.5 }, hourly, 'EUR');
  expect(valueOf(rows, 'Time')).toMatchObject({
    value: '1 min 30 s per epoch',
    note: '15 min, by the speed of earlier runs',
  });
  expect(valueOf(rows, 'Cost')).toMatchObject({ value: '€0.05 per epoch', note: '€0.50 in all' });
});

test('making class images is part of the time, and told', () => {
  const plan = { ...examplePlan, secondsPerEpoch: 60, classImageSeconds: 300, seconds: 900 };
  expect(valueOf(planRows(plan, hourly, 'EUR'), 'Time')?.note).toBe(
    '15 min, by the speed of earlier runs; up to 5 min of it for making the class images first',
  );
});

test('of several runs each and the whole are told', () => {
  const rows = planRows({ ...examplePlan, runs: 3, secondsPerEpoch: 60, seconds: 1800 }, hourly, 'EUR');
  expect(valueOf(rows, 'Time')?.note).toBe(
    '10 min a run, 30 min for all 3 runs, by the speed of earlier runs',
  );
  expect(valueOf(rows, 'Steps')?.note).toBe('190 in each of 3 runs, 570 in all');
  expect(valueOf(rows, 'Disk')).toMatchObject({
    value: '369 MB',
    note: '123 MB for each of 3 runs; 80 GB free',
  });
});

test('of runs over shares of the images each is told for itself', () => {
  const run = { diskBytes: examplePlan.diskBytes, cost: null };
  const each = [
    { ...run, name: 'foxes, all images', images: 76, steps: 190, seconds: 1200 },
    { ...run, name: 'foxes, half of the images', images: 38, steps: 100, seconds: null },
  ];
  const plan = { ...examplePlan, runs: 2, each, secondsPerEpoch: 60, seconds: 1800 };
  expect(eachRun(plan)).toEqual([
    { name: 'foxes, all images', text: '76 images, 190 steps, 20 min' },
    { name: 'foxes, half of the images', text: '38 images, 100 steps' },
  ]);
  const rows = planRows(plan, hourly, 'EUR');
  expect(valueOf(rows, 'Steps')?.note).toBe('in the first run; 290 steps in all 2 runs');
  expect(valueOf(rows, 'Time')?.note).toBe('30 min for all 2 runs, by the speed of earlier runs');
  expect(valueOf(rows, 'Disk')?.value).toBe('246 MB');
});

test('a disk that is too small is alarming', () => {
  expect(valueOf(planRows(examplePlan, hourly, 'EUR'), 'Disk')?.alarming).toBe(false);
  expect(valueOf(planRows({ ...examplePlan, freeDiskBytes: 1 }, hourly, 'EUR'), 'Disk')?.alarming).toBe(true);
});

test('what is not counted has no cost', () => {
  expect(valueOf(planRows(examplePlan, { kind: 'none' }, 'EUR'), 'Cost')?.value).toBe('not counted');
});
