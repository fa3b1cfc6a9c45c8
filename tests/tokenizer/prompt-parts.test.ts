import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { asPlainPrompt } from '../../native/facts/plain-prompt.ts';
import { hasWeights, promptParts } from '../../native/tokenizer/prompt-parts.ts';

/** `[text, weight]`, weights to six digits. */
const read = (prompt: string) =>
  promptParts(prompt).map((part) => (part === 'break' ? part : [part.text, Number(part.weight.toFixed(6))]));

describe('attention weights', () => {
  // The first six are the examples that A1111 gives beside its own parser.
  test.each([
    ['normal text', [['normal text', 1]]],
    [
      'an (important) word',
      [
        ['an ', 1],
        ['important', 1.1],
        [' word', 1],
      ],
    ],
    ['(unbalanced', [['unbalanced', 1.1]]],
    [String.raw`\(literal\]`, [['(literal]', 1]]],
    ['(unnecessary)(parens)', [['unnecessaryparens', 1.1]]],
    [
      'a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).',
      [
        ['a ', 1],
        ['house', 1.573],
        [' ', 1.1],
        ['on', 1],
        [' a ', 1.1],
        ['hill', 0.55],
        [', sun, ', 1.1],
        ['sky', 1.4641],
        ['.', 1.1],
      ],
    ],
    ['[[fog]]', [['fog', 0.826446]]],
    ['a (fox:-0.5)', [['a ', 1], ['fox', -0.5]]], // prettier-ignore
    ['at 12:30, ratio 16:9)', [['at 12:30, ratio 16:9)', 1]]],
    [String.raw`c:\\pictures`, [[String.raw`c:\pictures`, 1]]],
    ['', [['', 1]]],
  ])('of %j', (prompt, parts) => {
    expect(read(prompt)).toEqual(parts);
  });

  test.each([
    [`${'('.repeat(1000)}fox${')'.repeat(1000)}`, 10],
    [`(fox:${'9'.repeat(400)})`, 10],
    ['((fox:1000000):-5)', -10],
    [`((fox:${'9'.repeat(400)}):0)`, 0],
  ])('end where nothing is left of a prompt', (prompt, weight) => {
    expect(read(prompt)).toEqual([['fox', weight]]);
  });

  test('are seen, whatever else a prompt has', () => {
    expect(['a (fox)', 'a fox BREAK [snow]'].map(hasWeights)).toEqual([true, true]);
    expect(['a fox BREAK snow', String.raw`a \(fox\)`, ''].map(hasWeights)).toEqual([false, false, false]);
  });

  test('are cut by BREAK, and not by words that have it in them', () => {
    expect(read('a fox BREAK snow')).toEqual([['a fox', 1], 'break', ['snow', 1]]);
    expect(read('BREAKFAST, break')).toEqual([['BREAKFAST, break', 1]]);
  });

  test('are none in a text without their signs, and in one whose signs are escaped', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((given) => !given.includes('BREAK'));
    fc.assert(
      fc.property(text, (given) => {
        expect(promptParts(asPlainPrompt(given))).toEqual([{ text: given, weight: 1 }]);
        if (!/[\\()[\]]/.test(given)) expect(asPlainPrompt(given)).toBe(given);
      }),
    );
  });
});
