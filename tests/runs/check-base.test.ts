import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { validateRunSpec } from '../../electron/contract/parse-run-spec.ts';
import { readBaseFacts } from '../../electron/runs/base-model.ts';
import { checkBase } from '../../electron/runs/check-base.ts';
import { failureOf } from './failure-of.ts';
import { writePretendConfigs } from './pretend-configs.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Its text encoder has one layer, and it predicts noise. */
async function check(asked: object): Promise<void> {
  const base = temporaryFolder();
  writePretendConfigs(base, 16);
  const spec = validateRunSpec({ base, data: { folder: 'photos' }, ...asked }, 'run.json');
  await checkBase(spec, await readBaseFacts(base));
}

test('a base is not asked for more layers of text than it has, in training or in pictures', async () => {
  await check({});
  for (const asked of [{ train: { clipSkip: 2 } }, { samples: { clipSkip: 2 } }]) {
    expect(await failureOf(check(asked))).toMatchObject({
      code: 'clip-skip-invalid',
      hint: 'Leave it at 1.',
    });
    await check({ ...asked, method: { kind: 'vae' } });
  }
});

test('a base that predicts noise is not trained with a zero terminal SNR', async () => {
  const asked = { train: { noise: { zeroTerminalSnr: true } } };
  expect((await failureOf(check(asked))).code).toBe('zero-snr-noise');
});

test('a LoRA has a rank somewhere', async () => {
  const lora = (parts: object) => check({ method: { kind: 'lora', rank: 4, ...parts } });
  const none = { down: 0, mid: 0, up: 0 };
  for (const parts of [
    { blockRanks: none },
    { blockRanks: none, convRank: 4 },
    { blockRanks: { ...none, textEncoder: 4 } },
    { blockRanks: { ...none, textEncoder: 0 }, textEncoder: true },
  ])
    expect((await failureOf(lora(parts))).code).toBe('nothing-trained');
  await lora({ blockRanks: none, textEncoder: true });
  await lora({ blockRanks: { ...none, down: 1 } });
});

test.each([
  [{ word: 'my\u200bwolf' }, 'The new word has U+200B in it, a zero width space'],
  [{ word: 'my\u{1f43a}' }, 'The new word has U+1F43A in it, an emoji'],
  [{ word: 'mywolf', initWords: 'grey\u00ad wolf' }, 'begins as has U+00AD in it, a soft hyphen'],
])('a new word is of letters that are plain to see, and so is what it begins as: %j', async (asked, told) => {
  const failure = await failureOf(check({ method: { kind: 'embedding', ...asked } }));
  expect([failure.code, failure.message]).toEqual(['word-unseen', expect.stringContaining(told)]);
});

test('a word that a base was taught by name is not taught as a new one', async () => {
  const base = temporaryFolder();
  writePretendConfigs(base, 16);
  writeFileSync(join(base, 'words.txt'), 'fox\nwolf\n');
  const teach = async (word: string) => {
    const asked = { base, data: { folder: 'photos' }, method: { kind: 'embedding', word } };
    await checkBase(validateRunSpec(asked, 'run.json'), await readBaseFacts(base));
  };
  for (const word of ['wolf', 'Wolf']) expect((await failureOf(teach(word))).code).toBe('word-known');
  await teach('<wolf>');
});
