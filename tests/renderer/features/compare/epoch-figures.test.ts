import { describe, expect, test } from 'vitest';

import type { Likeness } from '../../../../electron/contract/likeness.ts';
import { curvePath, epochFigures } from '../../../../renderer/features/compare/epoch-figures.ts';
import { aComparison } from './a-comparison.ts';
import { aLikeness } from './a-likeness.ts';

const run = aComparison().runs[0]!;
const curves = (likeness?: Partial<Likeness>) =>
  Object.fromEntries(
    epochFigures(run, likeness && { ...aLikeness(), ...likeness }).map((curve) => [curve.name, curve]),
  );

describe('figures of the epochs', () => {
  test('say how much was learned, how near it comes and what is a copy, with how sure that is', () => {
    const found = curves({});
    expect(found['Held-out loss']!.points.map(({ text }) => text)).toEqual(['0.5000', '0.3333', '0.1667']);
    expect(found['Distance from the held-out images']!.points[2]!.text).toBe('0.200 (0.150 to 0.300)');
    expect(found['Prompt followed']!.points[0]!.text).toBe('0.50 (0.25 to 0.75)');
    // The base has learned nothing that it could copy.
    expect(found['Likely copies']!.points.map(({ epoch, text }) => [epoch, text])).toEqual([
      [1, '0 of 2'],
      [2, '0 of 2'],
      [5, '1 of 2'],
    ]);
    expect(Object.values(found).map(({ lacks }) => lacks)).toEqual([null, null, null, null]);
  });

  test('of what was held out have the loss of as many training images beside them, and which kept epochs are best', () => {
    const losses = [0.31, 0.3, 0.2, 0.19, 0.205].map((validationLoss, at) => ({
      epoch: at < 4 ? at : 5,
      trainLoss: 0.2,
      validationLoss,
      seenLoss: validationLoss - 0.02 * at,
      validationParts: [-0.01, 0, 0, at === 4 ? 0.02 : 0].map((off) => validationLoss / 4 + off),
    }));
    const [held] = epochFigures({ ...run, losses }, undefined);
    // Epoch 3 is lowest, and was not kept.
    expect(held!.learned).toMatchObject({
      ...{ best: 3, range: { from: 3, to: 5 }, before: 0.31 },
      nearestKept: { epoch: 2, loss: 0.2 },
    });
    expect(held!.meaning).toMatch(/Dashed: the same on training images\. .*▲▼: goes on outside\.$/);
    expect(held!.points.map(({ text }) => text)[1]).toBe('0.3000, trained 0.2800');
    expect(held!.points.map(({ epoch, between = false }) => [epoch, between])).toEqual([
      ...[[0, false] as const, [1, false] as const, [2, false] as const],
      ...[[3, true] as const, [5, false] as const],
    ]);
    expect(held!.beside!.map(({ text }) => text)).toEqual(['0.3100', '0.2800', '0.1600', '0.1300', '0.1250']);
  });

  test('draw held-out loss on the scale of what was trained, with how sure it is', () => {
    const losses = [0.5, 0.104, 0.1, 0.101].map((validationLoss, epoch) => ({
      ...{ epoch, trainLoss: 0.2, validationLoss, seenLoss: epoch === 3 ? 0.06 : validationLoss },
      validationParts: [-0.002 * epoch, 0, 0, 0.002 * epoch].map((off) => validationLoss / 4 + off),
    }));
    const { points, beside, scale } = epochFigures({ ...run, losses }, undefined)[0]!;
    // Its images differ from those of the lowest by -0.008, 0, 0 and 0.008.
    expect(points[1]!.high - points[1]!.value).toBeCloseTo(0.002 * Math.sqrt(8 / 3), 6);
    const { dots, beyond, band } = curvePath(points, [0, 3], { beside: beside!, scale: scale! });
    const tops = dots.map(([, top]) => top);
    // The base is beyond, and takes nothing of the height.
    expect(tops[0]).toBeLessThan(0);
    expect(Math.max(...tops.slice(1)) - Math.min(...tops.slice(1))).toBeGreaterThan(0.25);
    expect(beyond.line).toEqual([{ at: 0, above: true }]);
    expect(beyond.beside.map(({ above }) => above)).toEqual([true, false]);
    // What may be noise is within the drawing.
    const places = band.split(' ').map((place) => place.split(',').map(Number));
    for (const [x, y] of places) if (x! > 0) expect(y! >= 0 && y! <= 1).toBe(true);
  });

  test('have the distance of real images among themselves, and how unsure that is', () => {
    const { level, meaning } = curves({})['Distance from the held-out images']!;
    expect(level).toEqual({
      value: 0.04,
      name: 'real images among themselves',
      text: '0.040 (0.000 to 0.110)',
    });
    expect(meaning).toContain(
      'Thin line: how far real images are, by 30 training images, 8 at a time: 0.040 (0.000 to 0.110). With so few images this is rough.',
    );
    const real = { distance: { value: -0.01, low: -0.03, high: 0.02 }, images: 200, atOnce: 200 };
    const many = curves({ heldOut: 50, real })['Distance from the held-out images']!;
    expect(many.level).toMatchObject({ value: 0, text: 'about 0 (up to 0.020)' });
    expect(many.meaning).toMatch(/by 200 training images: about 0 \(up to 0.020\)\.$/);
    expect(curves({ real: null })['Distance from the held-out images']!.level).toBeNull();
  });

  test('call a distance about 0 that is estimated below it', () => {
    const below = (value: number, low: number, high: number) => {
      const epochs = [{ ...aLikeness().epochs[1]!, distance: { value, low, high } }];
      return curves({ epochs })['Distance from the held-out images']!.points;
    };
    expect(below(-0.01, -0.03, 0.02)).toEqual([
      { epoch: 1, value: 0, low: 0, high: 0.02, text: 'about 0 (up to 0.020)' },
    ]);
    expect(below(-0.03, -0.05, -0.01)).toEqual([{ epoch: 1, value: 0, low: 0, high: 0, text: 'about 0' }]);
    expect(below(0.02, -0.01, 0.05)[0]).toMatchObject({ low: 0, text: '0.020 (0.000 to 0.050)' });
  });

  test('say why there are none', () => {
    const epochs = aLikeness().epochs.map((entry) => ({ ...entry, distance: null, rank: null }));
    const few = curves({ heldOut: 1, epochs });
    expect(few['Distance from the held-out images']!.lacks).toMatch(/at least 4 held-out images; there is 1/);
    const many = curves({ heldOut: 12, epochs });
    expect(many['Distance from the held-out images']!.lacks).toMatch(/at least 4 pictures/);
    expect(many['Prompt followed']!.lacks).toMatch(/No prompt is the caption/);
    expect(curves({ epochs: [] })['Likely copies']!.lacks).toMatch(/Nothing is compared/);
  });

  test.each([
    ['not asked for yet', undefined],
    ['under way', { state: 'working', heldOut: 12, epochs: [] }],
  ] satisfies [string, Partial<Likeness> | undefined][])(
    'do not guess what is lacking while the comparison is %s',
    (_, likeness) => {
      const { 'Held-out loss': loss, ...compared } = curves(likeness);
      expect(loss!.lacks).toBeNull();
      expect(Object.values(compared).map(({ lacks }) => lacks)).toEqual(Array(3).fill('Being compared…'));
    },
  );

  test('of the pictures that were compared before stay while more are', () => {
    expect(Object.values(curves({ state: 'working' })).map(({ lacks }) => lacks)).toEqual(
      Array(4).fill(null),
    );
  });

  test('are drawn at their real distances, the lowest at the bottom', () => {
    const point = (epoch: number, value: number) => ({ epoch, value, low: value, high: value, text: '' });
    const { line, dots } = curvePath([point(0, 1), point(1, 3), point(5, 2)], [0, 5]);
    expect(line).toBe('0.0000,1.0000 0.2000,0.0000 1.0000,0.5000');
    expect(dots).toHaveLength(3);
    // What a curve is held against is on the same scale.
    expect(curvePath([point(0, 2), point(5, 1)], [0, 5], { beside: [point(5, 0)] })).toMatchObject({
      line: '0.0000,0.0000 1.0000,0.5000',
      beside: '1.0000,1.0000',
    });
    // A level is on it, too, and may be beyond all points.
    expect(curvePath([point(0, 2), point(5, 1)], [0, 5], { level: 0 })).toMatchObject({
      line: '0.0000,0.0000 1.0000,0.5000',
      level: 1,
    });
    expect(curvePath([point(0, 2)], [0, 5]).level).toBeNull();
    // A count of none stands at the bottom.
    expect(curvePath([point(0, 0), point(5, 0)], [0, 5], { counts: true }).line).toBe(
      '0.0000,1.0000 1.0000,1.0000',
    );
    expect(curvePath([point(3, 2)], [3, 3]).line).toBe('0.5000,0.5000');
  });
});
