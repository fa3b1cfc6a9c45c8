import { describe, expect, test } from 'vitest';

import { variedGlyphs } from '../../../scripts/seedling/data.ts';
import type { NotoImage } from '../../../scripts/seedling/noto.ts';
import { bent, glossy, type Raster } from '../../../scripts/seedling/vary.ts';

const edge = 48;

/** A disc of one colour on white. */
function disc(radius = 16): Raster {
  const rgb = new Uint8Array(3 * edge * edge).fill(255);
  for (let i = 0; i < edge * edge; i++) {
    const distance = Math.hypot((i % edge) - 23.5, Math.floor(i / edge) - 23.5);
    if (distance < radius) rgb.set([120, 130, 140], 3 * i);
  }
  return { rgb, edge };
}

const pixel = ({ rgb, edge: width }: Raster, x: number, y: number): number[] => [
  ...rgb.subarray(3 * (y * width + x), 3 * (y * width + x) + 3),
];
const still = [0.5, 3 / 19, 0.5, 0.5, 0.5, 0.5, 0.5, 0, 0];
const change = (k: number, to: number): number[] => still.map((draw, i) => (i === k ? to : draw));

describe('bending a picture', () => {
  test('scales it where nothing is to be bent', () => {
    const made = bent(disc(), 24, still);
    expect(made.edge).toBe(24);
    expect(pixel(made, 12, 12)).toEqual([120, 130, 140]);
    expect(pixel(made, 1, 1)).toEqual([255, 255, 255]);
    // Drawn from 4 to 20 of 24.
    expect(pixel(made, 5, 12)).toEqual([120, 130, 140]);
    expect(pixel(made, 2, 12)).toEqual([255, 255, 255]);
  });

  test.each([
    ['turned', 0, 1],
    ['made smaller', 1, 1],
    ['stretched', 2, 1],
    ['moved aside', 3, 1],
    ['moved down', 4, 1],
    ['bent', 5, 1],
  ])('is %s by a draw of its own', (_, draw, to) => {
    const square = { rgb: new Uint8Array(disc().rgb), edge };
    // Not the same in all directions.
    for (let y = 10; y < 14; y++) square.rgb.fill(0, 3 * (y * edge + 8), 3 * (y * edge + 40));
    expect(bent(square, 24, change(draw, to)).rgb).not.toEqual(bent(square, 24, still).rgb);
  });

  test('fills with paper what comes in from beyond', () => {
    const full = { rgb: new Uint8Array(3 * edge * edge).fill(10), edge };
    const made = bent(full, 24, change(3, 1));
    expect(pixel(made, 0, 12)[0]).toBeGreaterThan(100);
    expect(pixel(made, 12, 12)).toEqual([10, 10, 10]);
  });
});

describe('a glossy picture', () => {
  test('is lit from the upper left, and its paper stays', () => {
    const made = glossy(disc());
    const [lit, dark] = [pixel(made, 14, 14), pixel(made, 34, 34)];
    expect(lit[0]).toBeGreaterThan(dark[0]! + 40);
    expect(pixel(made, 2, 2)).toEqual([255, 255, 255]);
  });

  test('has white that is enclosed shaded as a part of the thing', () => {
    const ring = disc();
    for (let i = 0; i < edge * edge; i++)
      if (Math.hypot((i % edge) - 31, Math.floor(i / edge) - 31) < 4) ring.rgb.fill(255, 3 * i, 3 * i + 3);
    expect(pixel(glossy(ring), 33, 33)[0]).toBeLessThan(250);
  });
});

test('every glyph is drawn as it is and glossy, and called so', () => {
  const glyph: NotoImage = {
    file_name: 'owl.png',
    captions: ['owl', 'an owl'],
    name: 'owl',
    category: 'bird',
    colors: [],
    skin_tone_variant: false,
  };
  const made = variedGlyphs([glyph]);
  const kinds = made.map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'plain')).toHaveLength(4);
  expect(kinds.filter((kind) => kind === 'glossy')).toHaveLength(3);
  expect(kinds).toHaveLength(9);
  for (const { kind, captions } of made)
    expect(captions.every((caption) => caption.includes('glossy'))).toBe(kind === 'glossy');
});
