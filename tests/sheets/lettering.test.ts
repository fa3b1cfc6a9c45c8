import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { measureText, textToSvg, wrapText } from '../../electron/sheets/lettering.ts';

const style = { size: 16, weight: 400, color: '#000' } as const;
const prose = fc.string({
  unit: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom('a', 'b', 'n', 'i', ',', '.', '(', ')') },
    { weight: 2, arbitrary: fc.constant(' ') },
    {
      weight: 1,
      arbitrary: fc.constantFrom('é', 'Ж', '狐', '🦊', '-', 'W'),
    },
  ),
  maxLength: 80,
});

describe('wrapText', () => {
  test('keeps every letter, in lines that fit', () => {
    fc.assert(
      fc.property(prose, fc.integer({ min: 40, max: 300 }), (text, width) => {
        const lines = wrapText(text, style, width);
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
        for (const line of lines) expect(measureText(line, style)).toBeLessThanOrEqual(width);
      }),
      { numRuns: 2000 },
    );
  });

  test('breaks between words and lets no line begin with a comma', () => {
    const lines = wrapText('official 3d art of honeybee, bug, on white, (with care)', style, 150);
    expect(lines).toEqual(['official 3d art of', 'honeybee, bug, on', 'white, (with care)']);
  });

  test('leaves no space at the end of a line that ends within a piece', () => {
    expect(wrapText('aaaa .', style, 40)).toEqual(['aaaa', '.']);
  });

  test('ends a text that is too long in an ellipsis', () => {
    const lines = wrapText('one two three four five six seven eight', style, 110, 2);
    expect(lines).toEqual(['one two three', 'four five…']);
  });
});

describe('textToSvg', () => {
  test('draws outlines for what Inter has and leaves the rest to the system', () => {
    expect(textToSvg('Fuchs é Ж ế', 0, 20, style)).not.toContain('<text');
    const mixed = textToSvg('a 狐 <', 0, 20, style);
    expect(mixed.match(/<text[^>]*>([^<]*)</g)?.length).toBe(1);
    expect(mixed).toContain('>狐<');
  });

  test('begins, centres and ends where it is told to', () => {
    const width = measureText('Fox', style);
    const starts = (['start', 'middle', 'end'] as const).map((anchor) =>
      Number(/M([\d.-]+)/.exec(textToSvg('Fox', 100, 20, style, anchor))?.[1]),
    );
    // Outlines are written with two decimals.
    expect(starts[0]! - starts[1]!).toBeCloseTo(width / 2, 1);
    expect(starts[0]! - starts[2]!).toBeCloseTo(width, 1);
  });

  test('kerns', () => {
    const apart = measureText('A', style) + measureText('V', style);
    expect(measureText('AV', style)).toBeLessThan(apart);
  });
});
