import { rm } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';

import { modelNameOf } from '../../native/facts/model-formats.ts';
import { Failure } from '../../native/failure.ts';
import type { HandlersOf } from '../contract/api.ts';
import type { Model } from '../contract/models.ts';
import type { Engine } from '../engine/engine.ts';
import type { LibraryDatabase } from '../library/database.ts';
import type { DomainContext } from '../library/library.ts';
import type { SettingsStore } from '../library/settings.ts';
import { inspectModel, isModel } from './inspect-model.ts';
import { keepEpoch } from './keep-epoch.ts';
import type { ModelRecord, ModelRecords } from './model-records.ts';
import { readTexts } from './read-texts.ts';

export interface ModelsDeps {
  readonly engine: Engine;
  readonly settings: Pick<SettingsStore, 'get'>;
  /** For provenance: `Screenfold 0.1.0`. */
  readonly software: string;
}

/** What pages ask of models. */
export function modelHandlers(
  context: DomainContext,
  deps: ModelsDeps,
  records: ModelRecords,
  changed: () => void,
): HandlersOf<'models'> {
  const { library, now } = context;
  const add = async (folder: string): Promise<number> => {
    const known = records.findByFolder(folder);
    if (known !== null) return known.id;
    const facts = await inspectModel(folder, deps.engine);
    const again = records.findByFolder(folder);
    if (again !== null) return again.id;
    const id = records.insert({
      ...facts,
      ...{
        kind: 'folder',
        name: modelNameOf(basename(folder)),
        folder,
        createdAt: now(),
      },
      ...{ parentId: null, runId: null, epoch: null },
    });
    changed();
    return id;
  };
  return {
    'models.list': () => Promise.all(records.all().map(modelOf)),
    'models.get': ({ modelId }) => modelOf(records.get(modelId)),
    'models.readTexts': (asked) => readTexts(asked, records, library.database),
    'models.add': async ({ path: folder }) => ({ modelId: await add(resolve(folder)) }),
    'models.keep': async ({ runId, epoch, name }) => {
      const kept = await keepEpoch({ runId, epoch, name }, context, deps);
      const id = records.insert({
        ...kept.facts,
        ...{ kind: 'finetune', name, folder: kept.folder, createdAt: now() },
        ...{ parentId: kept.parentId, runId, epoch },
      });
      changed();
      return { modelId: id };
    },
    'models.rename': ({ modelId, name }) => {
      records.rename(records.get(modelId).id, name);
      changed();
      return null;
    },
    'models.remove': async ({ modelId }) => {
      const { kind, folder, name } = records.get(modelId);
      if (kind === 'embedded') {
        throw new Failure(
          'model-embedded',
          `${name} comes with Screenfold and cannot be removed.`,
          'Add other models instead.',
        );
      }
      refuseWhileNeeded(library.database, modelId, name);
      records.remove(modelId);
      changed();
      // Whatever a row says, only what lies in the library is deleted.
      if (kind === 'finetune' && dirname(folder) === library.paths.models) {
        await rm(folder, { recursive: true, force: true });
      }
      return null;
    },
  };
}

async function modelOf(record: ModelRecord): Promise<Model> {
  return {
    ...record,
    missing: !(await isModel(record.folder)),
    parameters: record.components.reduce((sum, { parameters }) => sum + parameters, 0),
  };
}

function refuseWhileNeeded(database: LibraryDatabase, modelId: number, name: string): void {
  const run = database
    .prepare<[number], string>(
      `SELECT name FROM run WHERE base_model_id = ?
       AND status IN ('queued', 'preparing', 'training', 'stopping', 'paused', 'interrupted') LIMIT 1`,
    )
    .pluck()
    .get(modelId);
  if (run === undefined) return;
  throw new Failure(
    'model-needed',
    `${name} is the base of the run “${run}”, which has not ended.`,
    'Let that run finish, or stop it for good.',
  );
}
