import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { assignBucket, bucketsFor } from '../../electron/datasets/images/buckets.ts';

describe('bucketsFor', () => {
  test("gives sd-scripts' 17 buckets for 512 pixels", () => {
    expect(bucketsFor(512).map(({ width, height }) => `${width}x${height}`)).toEqual([
      ...['256x1024', '256x960', '256x896', '256x832', '320x768', '320x704', '384x640', '448x576', '512x512'],
      ...['576x448', '640x384', '704x320', '768x320', '832x256', '896x256', '960x256', '1024x256'],
    ]);
  });

  test('scales everything with the resolution', () => {
    expect(bucketsFor(64)).toEqual(
      bucketsFor(512).map((size) => ({ width: size.width / 8, height: size.height / 8 })),
    );
  });

  test('are sizes that Stable Diffusion XL was trained on, for 1024 pixels', () => {
    const upright = bucketsFor(1024, 32).filter(({ width, height }) => width <= height);
    // All among those of Podell et al. 2023, appendix I.
    expect(upright.map(({ width, height }) => `${width}x${height}`)).toEqual([
      ...['512x2048', '512x1984', '512x1920', '512x1856', '576x1792', '576x1728', '576x1664', '640x1600'],
      ...['640x1536', '704x1472', '704x1408', '768x1344', '768x1280', '832x1216', '896x1152', '960x1088'],
      '1024x1024',
    ]);
  });

  test('keeps sides divisible, areas within the square and both orientations', () => {
    const sides = fc.constantFrom([64, 8], [64, 16], [128, 16], [256, 32], [512, 64], [768, 64], [1024, 64]);
    fc.assert(
      fc.property(sides, (pair) => {
        const [resolution, multiple] = pair as [number, number];
        const buckets = bucketsFor(resolution, multiple);
        const names = new Set(buckets.map(({ width, height }) => `${width}x${height}`));
        expect(names.size).toBe(buckets.length);
        expect(names).toContain(`${resolution}x${resolution}`);
        for (const { width, height } of buckets) {
          expect([width % multiple, height % multiple]).toEqual([0, 0]);
          expect(width * height).toBeLessThanOrEqual(resolution ** 2);
          expect(names).toContain(`${height}x${width}`);
        }
      }),
    );
  });

  test('refuses a resolution the model cannot take', () => {
    expect(() => bucketsFor(500, 64)).toThrow('not divisible by 64');
  });
});

describe('assignBucket', () => {
  const buckets = bucketsFor(512);

  test.each([
    [1000, 1000, 512, 512],
    [1200, 1000, 576, 448],
    [4000, 3000, 576, 448],
    [3000, 4000, 448, 576],
    [1920, 1080, 640, 384],
    [5000, 100, 1024, 256],
    [1, 900, 256, 1024],
  ])('puts %i x %i into %i x %i', (width, height, bucketWidth, bucketHeight) => {
    expect(assignBucket(width, height, buckets)).toEqual({ width: bucketWidth, height: bucketHeight });
  });

  test('treats upright and wide images alike', () => {
    const side = fc.integer({ min: 1, max: 5000 });
    fc.assert(
      fc.property(side, side, (width, height) => {
        fc.pre(width !== height);
        const wide = assignBucket(width, height, buckets);
        expect(assignBucket(height, width, buckets)).toEqual({ width: wide.height, height: wide.width });
      }),
    );
  });
});
