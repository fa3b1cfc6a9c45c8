import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { validateRunSpec } from '../../electron/contract/parse-run-spec.ts';
import { checkLentWords } from '../../electron/runs/check-lent-words.ts';
import { resolveRunSpec } from '../../electron/runs/read-run-spec.ts';
import { wordWarnings } from '../../electron/runs/word-warnings.ts';
import { embeddedBaseWidth } from '../../native/facts/embedding-facts.ts';
import { writeSafetensors } from '../../native/weights/safetensors.ts';
import { exampleRun } from './example-run.ts';
import { failureOf } from './failure-of.ts';
import { temporaryFolder } from './temporary-folder.ts';

const seedling = fileURLToPath(new URL('../../resources/seedling', import.meta.url));

function runOf(method: object, samples: object) {
  const { job, folder } = exampleRun(temporaryFolder());
  const asked = { base: seedling, data: { folder: 'a' }, method, samples };
  const spec = { ...resolveRunSpec(validateRunSpec(asked, 'run.json'), '/', 'a') };
  return { folder, spec: { ...spec, resolution: 64 }, job: { ...job, base: seedling } };
}
const word = { kind: 'embedding', word: 'myfox' };

test('prompts that do not say the taught word are told of', async () => {
  const warned = (...prompts: readonly string[]) => wordWarnings(runOf(word, { prompts }));
  expect(await warned('a myfox, red', 'MYFOX')).toEqual([]);
  expect(await warned('a fox')).toEqual([
    'The prompt of the pictures does not say “myfox”: without the word, pictures stay as the base draws them.',
  ]);
  expect(await warned('a fox', 'two foxes')).toEqual([
    expect.stringContaining('None of the 2 prompts of the pictures says “myfox”'),
  ]);
  expect(await warned('a myfox', 'a fox')).toEqual([
    expect.stringContaining('1 of 2 prompts of the pictures does not say “myfox” (“a fox”)'),
  ]);
  expect(await wordWarnings(runOf({ kind: 'full' }, { prompts: ['a fox'] }))).toEqual([]);
});

test('words that the new one begins as and the base does not know are told of', async () => {
  const begun = (initWords: string) => wordWarnings(runOf({ ...word, initWords }, { prompts: ['a myfox'] }));
  expect(await begun('red fox')).toEqual([]);
  expect(await begun('')).toEqual([]);
  expect(await begun('red blorptang')).toEqual([
    expect.stringContaining(
      'The base does not know “blorptang”, so the new word begins as nothing in particular',
    ),
  ]);
});

test('files of words that pictures are lent have to be there before training, each of a word of its own', async () => {
  const folder = temporaryFolder();
  const write = async (name: string) => {
    const file = join(folder, `${name}.safetensors`);
    const data = () => Promise.resolve(new Float32Array(16));
    await writeSafetensors(file, [{ name: 'emb_params', dtype: 'F32', shape: [1, 16], data }]);
    return file;
  };
  const [glyph, wolf] = [await write('glyph'), await write('wolf')];
  const check = (...embeddings: readonly object[]) => checkLentWords(runOf(word, { embeddings }).spec);
  await check({ file: glyph }, { file: wolf });
  expect((await failureOf(check({ file: join(folder, 'gone.safetensors') }))).message).toContain(
    'gone.safetensors',
  );
  expect(await failureOf(check({ file: glyph }, { file: wolf, word: 'GLYPH' }))).toMatchObject({
    code: 'embedding-word-taken',
  });
  expect(await failureOf(check({ file: glyph, word: 'myfox' }))).toMatchObject({
    code: 'embedding-word-taken',
    message: expect.stringContaining('what the run teaches') as string,
  });
  const other = join(folder, 'lora.safetensors');
  const data = () => Promise.resolve(new Float32Array(4));
  await writeSafetensors(
    other,
    ['a.up', 'a.down'].map((name) => ({ name, dtype: 'F32' as const, shape: [4], data })),
  );
  expect(await failureOf(check({ file: other }))).toMatchObject({ code: 'embedding-unknown' });
});

test('words trained on the base that comes with it are known by their width', () => {
  const config = JSON.parse(readFileSync(join(seedling, 'text_encoder', 'config.json'), 'utf8')) as {
    hidden_size: number;
  };
  expect(embeddedBaseWidth).toBe(config.hidden_size);
});
