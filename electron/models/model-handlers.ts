import { rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { Failure } from '../../native/failure.ts';
import { readReasons } from '../../native/families/read-facts.ts';
import type { HandlersOf } from '../contract/api.ts';
import type { Model } from '../contract/models.ts';
import type { Engine } from '../engine/engine.ts';
import type { LibraryDatabase } from '../library/database.ts';
import type { DomainContext } from '../library/library.ts';
import type { SettingsStore } from '../library/settings.ts';
import { modelAdder } from './add-model.ts';
import { goneOf, readModelConfigs } from './inspect-model.ts';
import { keepEpoch } from './keep-epoch.ts';
import type { ModelRecord, ModelRecords } from './model-records.ts';
import { lendersOf, placeOf, withPrediction } from './noted-models.ts';
import { readingOfModel, readTexts } from './read-texts.ts';
import { discardUploaded, takeUploaded } from './uploaded-models.ts';

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
  const add = modelAdder(context, deps, records, changed);
  return {
    'models.list': () => Promise.all(records.all().map(modelOf)),
    'models.get': ({ modelId }) => modelOf(records.get(modelId)),
    'models.reading': ({ modelId }) => readingOfModel(records.get(modelId)),
    'models.readTexts': (asked) => readTexts(asked, records, library.database),
    'models.add': async ({ path, lender }) => {
      const lent =
        lender == null ? null : 'path' in lender ? lender.path : records.get(lender.modelId).folder;
      return { modelId: await add(resolve(path), lent) };
    },
    'models.takeUploaded': async ({ uploadId }) => ({ paths: [...(await takeUploaded(uploadId, library))] }),
    'models.discardUploaded': async ({ path }) => {
      await discardUploaded(resolve(path), library, records);
      return null;
    },
    'models.lenders': ({ path }) => lendersOf(resolve(path), records),
    'models.reasons': async ({ modelId }) => {
      const { folder } = records.get(modelId);
      const gone = await goneOf(folder);
      return { reasons: gone === null ? [...(await readReasons(folder))] : [], gone };
    },
    'models.setPrediction': async ({ modelId, prediction }) => {
      const { id, kind, name, folder, components } = records.get(modelId);
      if (kind !== 'folder') {
        throw new Failure(
          'prediction-known',
          `What ${name} predicts is known for certain.`,
          'Change it for models that you added yourself.',
        );
      }
      refuseWhileNeeded(library.database, modelId, name);
      const noted = await withPrediction(folder, { type: prediction, because: 'you said so' }, library);
      records.setFolder(id, noted);
      records.setFacts(id, { ...(await readModelConfigs(noted)), components });
      changed();
      return null;
    },
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
      const place = await placeOf(folder);
      records.remove(modelId);
      changed();
      // Whatever a row says, only what lies in the library is deleted.
      if (dirname(place) === library.paths.models) await rm(place, { recursive: true, force: true });
      return null;
    },
  };
}

async function modelOf(record: ModelRecord): Promise<Model> {
  return {
    ...record,
    folder: await placeOf(record.folder),
    missing: (await goneOf(record.folder)) !== null,
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
