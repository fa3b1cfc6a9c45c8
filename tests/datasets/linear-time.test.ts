import { describe, expect, test } from 'vitest';

import { captionerOf } from '../../electron/datasets/captions/captions.ts';
import { compileFileNamePattern } from '../../electron/datasets/files/file-name-pattern.ts';

/** Milliseconds that a program takes which nobody notices, on a machine that does other things too. */
const soon = 500;

function took(work: () => void): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

describe('a file name pattern', () => {
  test.each([
    ['of many fields, on a long name that does not fit', 12, `${'a_'.repeat(120)}!`],
    ['of as many as can be', 64, 'a'.repeat(255)],
    ['on a name that fits nearly', 40, '_a'.repeat(127)],
  ])('%s, is as fast as others', (_, fields, stem) => {
    const names = Array.from({ length: fields }, (__, at) => `{f${at}}`);
    const patterns = ['_', 'a', '_a'].map((mark) => compileFileNamePattern(`${names.join(mark)}x`));
    expect(took(() => patterns.map((pattern) => pattern(stem)))).toBeLessThan(soon);
  });

  test('of more fields than a name has room for is refused', () => {
    const names = Array.from({ length: 65 }, (_, at) => `{f${at}}`);
    expect(() => compileFileNamePattern(names.join('_'))).toThrow('more than 64 fields');
  });

  test('finds what an expression with reluctant parts would find', () => {
    let state = 3;
    const random = (below: number) => ((state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 16) % below;
    const text = (length: number) => Array.from({ length }, () => ['a', 'b', '_', '🦊'][random(4)]!).join('');
    let fitting = 0;
    for (let round = 0; round < 5000; round++) {
      const count = 1 + random(3);
      const marks = Array.from({ length: count + 1 }, (_, at) =>
        at === 0 || at === count ? text(random(2)) : text(1 + random(2)),
      );
      const pattern = marks.map((mark, at) => mark + (at < count ? `{f${at}}` : '')).join('');
      const expression = marks
        .map((mark, at) => mark + (at === count ? '' : at === count - 1 ? '(.+)' : '(.+?)'))
        .join('');
      const name = text(random(9));
      const expected = new RegExp(`^${expression}$`, 'su').exec(name);
      const found = compileFileNamePattern(pattern)(name);
      expect(found === null ? null : Object.values(found), `${pattern} of ${name}`).toEqual(
        expected === null ? null : expected.slice(1),
      );
      if (expected !== null) fitting++;
    }
    expect(fitting).toBeGreaterThan(200);
  });
});

describe('a template', () => {
  const captionOf = (template: string, metadata: Readonly<Record<string, string>> = {}) =>
    captionerOf({ kind: 'template', template })({ metadata, candidates: [] });

  test.each([
    ['with an open brace and many spaces', `\${${' '.repeat(50_000)}x`],
    ['with many open braces', '${'.repeat(20_000)],
    ['with many fields', Array.from({ length: 5000 }, (_, at) => `\${f${at}}`).join(', ')],
  ])('%s, is as fast as others', (_, template) => {
    const read = () => {
      try {
        captionOf(template);
      } catch (error) {
        expect(error).toMatchObject({ code: 'caption-template' });
      }
    };
    expect(took(read)).toBeLessThan(soon);
  });

  test.each([
    ['commas and spaces', ' , '.repeat(5000)],
    ['spaces', ' '.repeat(20_000)],
    ['commas with words', ', ,x'.repeat(5000)],
  ])('is as fast over a long value of %s', (_, value) => {
    expect(took(() => captionOf('${a}${b}', { a: `${value}x${value}` }))).toBeLessThan(soon);
  });

  test('takes fields with spaces around them', () => {
    expect(captionOf('a ${ name }', { name: 'fox' }).texts).toEqual(['a fox']);
  });
});
