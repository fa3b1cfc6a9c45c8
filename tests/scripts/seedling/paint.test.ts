import { describe, expect, test } from 'vitest';

import { paintedGlyphs } from '../../../scripts/seedling/data.ts';
import type { NotoImage } from '../../../scripts/seedling/noto.ts';
import { painted } from '../../../scripts/seedling/paint.ts';

describe('painting a picture', () => {
  test('turns its commonest hue, and leaves paper and other hues', () => {
    const orange = [240, 130, 30];
    const picture = Uint8Array.from([...orange, ...orange, 255, 255, 255, 20, 200, 90]);
    const [red, green, blue, ...rest] = painted(picture, 'blue');
    expect(blue).toBeGreaterThan(Math.max(red!, green!) + 50);
    expect(rest.slice(3)).toEqual([255, 255, 255, 20, 200, 90]);
  });

  test('paints what has no hue by its lightness', () => {
    const made = painted(Uint8Array.from([60, 60, 60, 150, 150, 150, 255, 255, 255]), 'red');
    const [dark, light] = [made.slice(0, 3), made.slice(3, 6)];
    expect(dark[0]).toBeGreaterThan(dark[1]! + 30);
    expect(light[0]).toBeGreaterThan(dark[0]!);
    expect([...made.slice(6)]).toEqual([255, 255, 255]);
  });
});

describe('glyphs in other colours', () => {
  const glyph = (name: string, category = 'animal'): NotoImage => ({
    file_name: `${name}.png`,
    captions: [name, `a ${name}`],
    name,
    category,
    colors: [],
    skin_tone_variant: false,
  });

  test('are two of each thing, never the same twice', () => {
    const made = paintedGlyphs(Array.from({ length: 100 }, (_, i) => glyph(`thing ${i}`)));
    expect(made).toHaveLength(200);
    expect(new Set(made.map(({ kind, glyph: { name } }) => `${kind} ${name}`)).size).toBe(200);
    expect(made[0]!.captions).toContain(`a ${made[0]!.kind} thing 0`);
  });

  test('are none of what has a colour in its name, or is asked for in colours by the report', () => {
    const names = ['red apple', 'fox', 'tropical fish', 'black cat', 'owl'];
    const made = paintedGlyphs([...names.map((name) => glyph(name)), glyph('rainbow', 'sky')]);
    expect(new Set(made.map(({ glyph: { name } }) => name))).toEqual(new Set(['owl']));
  });
});
