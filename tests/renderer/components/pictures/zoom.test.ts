import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  maxScale,
  pan,
  showsPixels,
  unzoomed,
  wheelFactor,
  type Zoom,
  zoomAt,
  zoomTransform,
} from '../../../../renderer/components/pictures/zoom.ts';

const unit = fc.double({ min: 0, max: 1, noNaN: true });
const zooms = fc
  .tuple(fc.double({ min: 1, max: maxScale, noNaN: true }), unit, unit)
  .map(([scale, x, y]): Zoom => ({ scale, x: x * (1 - 1 / scale), y: y * (1 - 1 / scale) }));

describe('zoom', () => {
  test('keeps the point under the pointer where it is', () => {
    fc.assert(
      fc.property(zooms, unit, unit, fc.double({ min: 1, max: 4, noNaN: true }), (zoom, px, py, factor) => {
        const next = zoomAt(zoom, factor, px, py);
        expect(next.x + px / next.scale).toBeCloseTo(zoom.x + px / zoom.scale, 9);
        expect(next.y + py / next.scale).toBeCloseTo(zoom.y + py / zoom.scale, 9);
      }),
    );
  });

  test('never shows anything beside the picture', () => {
    const moves = fc.array(
      fc.oneof(
        fc.tuple(fc.constant('zoom'), fc.double({ min: 0.1, max: 5, noNaN: true }), unit),
        fc.tuple(fc.constant('pan'), fc.double({ min: -3, max: 3, noNaN: true }), unit),
      ),
    );
    fc.assert(
      fc.property(moves, (steps) => {
        let zoom = unzoomed;
        for (const [kind, a, b] of steps) zoom = kind === 'zoom' ? zoomAt(zoom, a, b, b) : pan(zoom, a, b);
        expect(zoom.scale).toBeGreaterThanOrEqual(1);
        expect(zoom.scale).toBeLessThanOrEqual(maxScale);
        for (const edge of [zoom.x, zoom.y]) {
          expect(edge).toBeGreaterThanOrEqual(0);
          expect(edge + 1 / zoom.scale).toBeLessThanOrEqual(1 + 1e-9);
        }
      }),
    );
  });

  test('moves the picture as far as the pointer goes', () => {
    expect(pan({ scale: 4, x: 0.5, y: 0.5 }, 0.2, -0.2)).toEqual({ scale: 4, x: 0.45, y: 0.55 });
  });

  test('all the way out is the whole picture', () => {
    expect(zoomAt({ scale: 3, x: 0.3, y: 0.1 }, 0.01, 0.5, 0.5)).toEqual(unzoomed);
    expect(zoomTransform(unzoomed)).toBe('none');
  });

  test('a turn of the wheel and the same turn back cancel out', () => {
    expect(wheelFactor(100) * wheelFactor(-100)).toBeCloseTo(1, 12);
    expect(wheelFactor(-100)).toBeGreaterThan(1);
  });

  test('tells pixels apart from twice a picture’s size on', () => {
    expect(showsPixels(127, 1, 64)).toBe(false);
    expect(showsPixels(128, 1, 64)).toBe(true);
    expect(showsPixels(256, 3, 512)).toBe(false);
    expect(showsPixels(256, 4, 512)).toBe(true);
  });
});
