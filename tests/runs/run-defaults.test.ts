import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { cardAdvice, noAdvice } from '../../electron/runs/card-advice.ts';
import type { DefaultsChoice } from '../../electron/runs/run-defaults.ts';
import { resourcesOf } from '../../electron/studio/domains.ts';
import { servicesOver } from './library-of.ts';
import { pretendEngine } from './pretend-engine.ts';
import { pretendRequest, writePretendModel } from './pretend-library.ts';
import { temporaryFolder } from './temporary-folder.ts';

const proposed = { datasetId: null, baseModelId: null, method: null, aim: null } as const;

test('the base that is proposed stays the one trained from last, whatever is kept of its runs', async () => {
  const folder = temporaryFolder();
  const services = servicesOver(join(folder, 'library'), pretendEngine().engine);
  const { models, runs, context } = services;
  const first = await pretendRequest(services, folder);
  const base = async () => (await runs.handlers['runs.defaults'](proposed)).baseModelId;

  writePretendModel(join(folder, 'second'));
  const second = await models.handlers['models.add']({ path: join(folder, 'second') });
  expect(await base()).toBe(second.modelId);

  await runs.handlers['runs.start']({ request: first });
  expect(await base()).toBe(first.baseModelId);

  context.library.database.prepare("UPDATE model SET kind = 'finetune' WHERE id = ?").run(second.modelId);
  expect(await base()).toBe(first.baseModelId);
  context.library.database.prepare('UPDATE run SET base_model_id = NULL').run();
  expect(await base()).toBe(first.baseModelId);
});

test('images without a caption set are proposed without one', async () => {
  const folder = temporaryFolder();
  const services = servicesOver(join(folder, 'library'), pretendEngine().engine);
  await pretendRequest(services, folder);
  services.context.library.database.prepare('DELETE FROM caption_set').run();
  await expect(services.runs.handlers['runs.defaults'](proposed)).resolves.toMatchObject({
    captionSetIds: [],
  });
});

test('a name is proposed that no run has, nor any of those that were tried out together', async () => {
  const folder = temporaryFolder();
  const services = servicesOver(join(folder, 'library'), pretendEngine().engine);
  const request = await pretendRequest(services, folder);
  const name = async () => (await services.runs.handlers['runs.defaults'](proposed)).name;
  const first = await name();
  const tried = (values: number[]) => ({
    request: { ...request, name: first, sweep: [{ path: 'train.learningRate', values }] },
  });
  await services.runs.handlers['runs.start'](tried([1e-4, 3e-4]));
  expect(await name()).toBe(`${first} 2`);
  await services.runs.handlers['runs.start']({ request: { ...request, name: `${first} 2` } });
  expect(await name()).toBe(`${first} 3`);
});

describe('what is proposed', () => {
  /** The library's only model, with a card and so many weights. */
  async function proposals(card: string | null, parameters: number | null = null) {
    const folder = temporaryFolder();
    const services = servicesOver(join(folder, 'library'), pretendEngine().engine);
    await pretendRequest(services, folder);
    const { database } = services.context.library;
    const components =
      parameters === null ? [] : [{ name: 'unet', className: '', parameters, dtype: 'float16' }];
    database.prepare('UPDATE model SET card = ?, components = ?').run(card, JSON.stringify(components));
    const ask = (change: Partial<DefaultsChoice> = {}) =>
      services.runs.handlers['runs.defaults']({ ...proposed, ...change, aim: change.aim ?? null });
    return { ask, database, services };
  }

  const card = [
    '---',
    'license: mit',
    'screenfold: { "learningRate": { "full": 2e-4, "lora": 1e-3 }, "steps": 10, "batchSize": 2, "guidanceScale": 3.5 }',
    '---',
    '# A base',
  ].join('\n');

  test('is what the base says of itself in its card', async () => {
    const { ask } = await proposals(card);
    const full = await ask({ method: 'full' });
    expect(full.train).toMatchObject({ learningRate: 2e-4 });
    expect(full.recipe.guidanceScale).toBe(3.5);
    expect((await ask({ method: 'lora' })).train.learningRate).toBe(1e-3);
  });

  test('goes as gently as the base says it wants, and otherwise as usual', async () => {
    const gentle = card.replace(
      '"steps"',
      '"schedule": "cosine", "warmupSteps": 30, "emaDecay": 0.98, "steps"',
    );
    const ofLength = async (steps: number) => {
      const written = gentle.replace('"steps": 10', `"steps": ${steps}`);
      return (await (await proposals(written)).ask({ method: 'full' })).train;
    };
    const train = await ofLength(100_000);
    expect(train).toMatchObject({ schedule: 'cosine', warmupSteps: 30, emaDecay: 0.98, minSnrGamma: 0 });
    // Of a run that is short, a tenth.
    expect((await ofLength(10)).warmupSteps).toBeLessThan(3);
    const usual = (await (await proposals(card)).ask({ method: 'full' })).train;
    expect(usual).toMatchObject({ schedule: 'constant', warmupSteps: 0, emaDecay: 0 });
  });

  test('are so many steps, and so many epochs at least', async () => {
    const epochs = async (said: string) =>
      (await (await proposals(card.replace('"steps": 10', said))).ask({ method: 'full' })).train.epochs;
    expect(await epochs('"steps": 1')).toBe(5);
    expect(await epochs('"steps": 1, "epochs": 15')).toBe(15);
    expect(await epochs('"steps": 100000, "epochs": 15')).toBe(100);
  });

  test('of a finetune is what the base says that it was made from', async () => {
    const { ask, database } = await proposals(card);
    database
      .prepare(
        `INSERT INTO model (kind, name, folder, resolution, pixel_step, prediction, components, bytes, parent_id, card, created_at)
         SELECT 'finetune', 'kept', '/kept', resolution, pixel_step, prediction, components, bytes, id, '# A card of its own', 1 FROM model`,
      )
      .run();
    const { id } = database.prepare("SELECT id FROM model WHERE kind = 'finetune'").get() as { id: number };
    expect((await ask({ baseModelId: id, method: 'full' })).train.learningRate).toBe(2e-4);
  });

  test('without a word of the base goes by how large it is', async () => {
    const rate = async (parameters: number | null) =>
      (await (await proposals(null, parameters)).ask({ method: 'full' })).train.learningRate;
    expect(await rate(null)).toBe(1e-5);
    expect(await rate(1_066_000_000)).toBe(1e-5);
    expect(await rate(100_000_000)).toBe(3.2e-5);
    expect(await rate(1_000_000)).toBe(1e-4);
  });

  test('suits what is to be learned', async () => {
    const { ask } = await proposals(null);
    const of = async (aim: DefaultsChoice['aim']) => {
      const { method, train } = await ask({ method: 'lora', aim: aim ?? null });
      return { method, rate: train.learningRate, flip: train.randomFlip };
    };
    expect(await of('style')).toEqual(await of(null));
    expect(await of('style')).toEqual({
      method: { kind: 'lora', textEncoder: false, rank: 16 },
      rate: 1e-4,
      flip: false,
    });
    expect(await of('character')).toEqual({
      method: { kind: 'lora', textEncoder: true, rank: 32 },
      rate: 5e-5,
      flip: false,
    });
    expect(await of('object')).toEqual({
      method: { kind: 'lora', textEncoder: true, rank: 8 },
      rate: 5e-5,
      flip: true,
    });
  });
});

test.each([
  ['nothing', null],
  ['no front matter', '# A card\nscreenfold: {"steps": 5}'],
  ['no JSON', '---\nscreenfold: {steps: five}\n---\n'],
  ['numbers that cannot be', '---\nscreenfold: {"learningRate": {"full": -1}}\n---\n'],
])('a card with %s advises nothing', (_what, card) => {
  expect(cardAdvice(card)).toEqual(noAdvice);
});

test('the embedded base says how it wants to be trained', () => {
  const { seedling } = resourcesOf(fileURLToPath(new URL('../../resources', import.meta.url)));
  const advice = cardAdvice(readFileSync(join(seedling, 'README.md'), 'utf8'));
  const { learningRate, guidanceScale } = advice;
  // Where all noise counts alike, its pictures come apart at 2e-4; with less weight on much noise they stay whole.
  expect(advice.minSnrGamma).toBe(5);
  expect(learningRate.full).toBeGreaterThanOrEqual(1e-4);
  expect(learningRate.full).toBeLessThanOrEqual(4e-4);
  expect(advice.schedule).toBe('cosine');
  expect(advice.emaDecay).toBeGreaterThanOrEqual(0.95);
  expect(guidanceScale).toBeGreaterThanOrEqual(2);
  expect(guidanceScale).toBeLessThanOrEqual(3);
});
