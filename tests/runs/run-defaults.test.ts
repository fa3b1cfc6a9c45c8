import { join } from 'node:path';

import { expect, test } from 'vitest';

import { servicesOver } from './library-of.ts';
import { pretendEngine } from './pretend-engine.ts';
import { pretendRequest, writePretendModel } from './pretend-library.ts';
import { temporaryFolder } from './temporary-folder.ts';

const proposed = { datasetId: null, baseModelId: null, method: null } as const;

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
