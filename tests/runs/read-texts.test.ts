import { join } from 'node:path';

import { expect, test } from 'vitest';

import { calls } from '../../electron/contract/api.ts';
import { writeSafetensors } from '../../native/weights/safetensors.ts';
import { failureOf } from './failure-of.ts';
import { servicesOver } from './library-of.ts';
import { writePretendTokenizer } from './pretend-configs.ts';
import { pretendEngine } from './pretend-engine.ts';
import { pretendRequest, writePretendModel } from './pretend-library.ts';
import { temporaryFolder } from './temporary-folder.ts';

test('texts are counted by the model asked for, else by the base trained from last, else by the embedded one', async () => {
  const folder = temporaryFolder();
  const services = servicesOver(join(folder, 'library'), pretendEngine().engine);
  const { models, runs } = services;
  const ask = (modelId: number | null, ...texts: string[]) =>
    models.handlers['models.readTexts']({ modelId, texts });
  expect(await ask(null, 'fox')).toBeNull();

  const embedded = join(folder, 'embedded');
  writePretendModel(embedded);
  const embeddedId = await models.addEmbedded(embedded, 'Seedling');
  expect(await ask(null, 'fox')).toBeNull();
  await writePretendTokenizer(embedded, 10);
  expect(await ask(null, 'fox', 'a fox')).toEqual({ name: 'Seedling', read: 8, tokens: [3, 4] });

  const request = await pretendRequest(services, folder);
  await writePretendTokenizer(join(folder, 'model'), 22);
  const other = (await models.handlers['models.list']({})).find(({ id }) => id !== embeddedId)!;
  expect(await ask(other.id, 'fox')).toEqual({ name: 'model', read: 20, tokens: [3] });
  expect(await ask(null, 'fox')).toMatchObject({ read: 8 });
  await runs.handlers['runs.start']({ request: { ...request, baseModelId: other.id } });
  expect(await ask(null, 'fox')).toMatchObject({ name: 'model', read: 20 });
  expect((await failureOf(Promise.resolve(ask(99, 'fox')))).code).toBe('model-missing');
});

test('words that a prompt is lent are counted by their vectors', async () => {
  const folder = temporaryFolder();
  const { models } = servicesOver(join(folder, 'library'), pretendEngine().engine);
  const embedded = join(folder, 'embedded');
  writePretendModel(embedded);
  await models.addEmbedded(embedded, 'Seedling');
  await writePretendTokenizer(embedded, 10);
  const file = join(folder, 'fox.safetensors');
  const data = () => Promise.resolve(new Float32Array(6 * 16));
  await writeSafetensors(file, [{ name: 'fox', dtype: 'F32', shape: [6, 16], data }]);
  const asked = { modelId: null, as: 'prompt', texts: ['a fox'] } as const;
  const read = models.handlers['models.readTexts'];
  expect(await read({ ...asked, texts: ['a fox'] })).toMatchObject({ tokens: [4] });
  expect(await read({ ...asked, texts: ['a fox'], embeddings: [{ file }] })).toMatchObject({ tokens: [7] });
});

test('no more texts are counted at once than takes a moment', () => {
  const { input } = calls['models.readTexts'];
  const accepts = (texts: string[]) => input.safeParse({ texts }).success;
  expect(accepts(Array.from({ length: 200 }, () => 'x'.repeat(2000)))).toBe(true);
  expect(accepts(Array.from({ length: 201 }, () => 'x'))).toBe(false);
  expect(accepts(Array.from({ length: 5 }, () => 'x'.repeat(90_000)))).toBe(false);
});
