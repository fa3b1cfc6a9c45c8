import { describe, expect, test } from 'vitest';

import { splitDataset, type ValidationChoice } from '../../electron/datasets/images/split.ts';

const images = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => ({ id: `image-${from + index}.png`, metadata: {} }));
const held = (list: ReturnType<typeof images>, choice: ValidationChoice) =>
  new Set(splitDataset(list, choice).validation.map(({ id }) => id));

describe('splitDataset', () => {
  test('puts every image on one side, in its order', () => {
    const list = images(50);
    for (const choice of [
      { kind: 'none' },
      { kind: 'count', count: 7 },
      { kind: 'fraction', fraction: 0.2 },
    ] as const) {
      const { training, validation } = splitDataset(list, choice);
      expect([...training, ...validation].sort((a, b) => list.indexOf(a) - list.indexOf(b))).toEqual(list);
      expect(training.map((image) => list.indexOf(image))).toEqual(
        training.map((image) => list.indexOf(image)).sort((a, b) => a - b),
      );
    }
    expect(splitDataset(list, { kind: 'none' }).validation).toEqual([]);
    expect(splitDataset(list, { kind: 'count', count: 7 }).validation.length).toBe(7);
  });

  test('holds out about the fraction asked for', () => {
    // Binomial with n = 4000, p = 0.1: standard deviation 19; 100 is beyond five of them.
    expect(Math.abs(held(images(4000), { kind: 'fraction', fraction: 0.1 }).size - 400)).toBeLessThan(100);
  });

  test('does not depend on order, and does with the seed', () => {
    const choice = { kind: 'count', count: 10 } as const;
    expect(held(images(60).reverse(), choice)).toEqual(held(images(60), choice));
    expect(held(images(60), { ...choice, seed: 1 })).not.toEqual(held(images(60), choice));
  });

  test('moves no image by fraction, and at most one for each by count, when images are added', () => {
    const before = images(100);
    const after = [...before, ...images(5, 100)];
    const old = (ids: Set<string>) =>
      new Set([...ids].filter((id) => before.some((image) => image.id === id)));
    const fraction = { kind: 'fraction', fraction: 0.2 } as const;
    expect(old(held(after, fraction))).toEqual(held(before, fraction));
    const count = { kind: 'count', count: 20 } as const;
    const [was, is] = [held(before, count), old(held(after, count))];
    expect([...is].every((id) => was.has(id))).toBe(true);
    expect(is.size).toBeGreaterThanOrEqual(15);
  });

  test('holds out at least one image by fraction and leaves at least one', () => {
    expect(held(images(3), { kind: 'fraction', fraction: 0.001 }).size).toBe(1);
    expect(held(images(3), { kind: 'fraction', fraction: 0.999 }).size).toBe(2);
    expect(held(images(3), { kind: 'fraction', fraction: 0 }).size).toBe(0);
  });

  test('takes ids, and those marked in metadata', () => {
    expect(held(images(5), { kind: 'ids', ids: ['image-2.png'] })).toEqual(new Set(['image-2.png']));
    const marked = ['train', 'validation', 'Test', undefined].map((split, index) => ({
      id: String(index),
      metadata: split === undefined ? {} : { split },
    }));
    const { validation } = splitDataset(marked, { kind: 'marked' });
    expect(validation.map(({ id }) => id)).toEqual(['1', '2']);
  });

  test.each<ValidationChoice>([
    { kind: 'count', count: 5 },
    { kind: 'count', count: 9 },
    { kind: 'count', count: -1 },
    { kind: 'count', count: 1.5 },
    { kind: 'fraction', fraction: 1 },
    { kind: 'fraction', fraction: Number.NaN },
    { kind: 'ids', ids: ['absent.png'] },
  ])('refuses %o of five images', (choice) => {
    expect(() => splitDataset(images(5), choice)).toThrow(expect.objectContaining({ code: 'split-invalid' }));
  });

  test('refuses to hold out the only image', () => {
    expect(() => splitDataset(images(1), { kind: 'fraction', fraction: 0.5 })).toThrow(
      'none left to train on',
    );
  });
});
