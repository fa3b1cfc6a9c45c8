import { expect, test } from 'vitest';

import { uniforms } from '../../../native/random/philox.ts';
import { fillerWords, phrasings, prefixesByLength, stretched } from '../../../scripts/seedling/phrasings.ts';

const numbers = uniforms(3, 'flip', 0, 0, new Float32Array(20_000));
let at = 0;
const draw = (): number => numbers[at++ % numbers.length]!;
const words = {
  things: ['fox', 'a red fox', 'game die, game'],
  knownPrefixes: ['', 'a', 'flat art of', 'official 3d art of'],
  tokensIn: (text: string) => text.split(' ').filter((word) => word !== '').length,
  fillers: fillerWords,
};
const taken = phrasings(words, draw);
const pairs = Array.from({ length: 500 }, () => taken.next().value);

test('what is meant is a thing after a prefix that is known', () => {
  const meanings = words.things.flatMap((thing) =>
    words.knownPrefixes.map((prefix) => `${prefix} ${thing}`.trim()),
  );
  expect(pairs.filter(({ means }) => !meanings.includes(means))).toEqual([]);
});

test('the thing stands in what is said where it stands in what is meant', () => {
  for (const { said, means, longer } of pairs) {
    const thing = words.things.find((one) => means.endsWith(one) && said.includes(one))!;
    expect(words.tokensIn(said.slice(0, said.lastIndexOf(thing)))).toBe(
      words.tokensIn(means.slice(0, means.lastIndexOf(thing))) + longer,
    );
  }
});

test('some are said as they are meant, most in other words, and never in a word of a thing', () => {
  const same = pairs.filter(({ said, means }) => said === means).length;
  expect(same).toBeGreaterThan(50);
  expect(same).toBeLessThan(200);
  const added = pairs.flatMap(({ said, means }) =>
    said === means ? [] : said.replace('game die, game', '').split(/[ ,]+/),
  );
  expect(added).not.toContain('game');
});

test('prefixes are told by how many tokens they have', () => {
  expect(prefixesByLength(words).get(3)).toEqual(['flat art of']);
});

test('after a longer prefix the states of a thing are wanted later, and the prefix’s last in between', () => {
  const states = Float32Array.from([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
  expect([...stretched(states, 2, { prefix: 2, longer: 2 })]).toEqual([0, 0, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3]);
  expect(stretched(states, 2, { prefix: 2, longer: 0 })).toEqual(states);
});
