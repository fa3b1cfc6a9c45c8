import { rm } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';

import { Failure } from '../../native/failure.ts';
import type { HandlersOf } from '../contract/api.ts';
import type { Model } from '../contract/models.ts';
import type { Engine } from '../engine/engine.ts';
import type { DomainContext } from '../library/library.ts';
import type { SettingsStore } from '../library/settings.ts';
import type { RunBase } from '../runs/plan-request.ts';
import { cardPicture } from './card-picture.ts';
import { inspectModel, isModelFolder, readModelConfigs } from './inspect-model.ts';
import { keepEpoch } from './keep-epoch.ts';
import { createModelRecords, type ModelRecord } from './model-records.ts';

export interface ModelsDeps {
  readonly engine: Engine;
  readonly settings: Pick<SettingsStore, 'get'>;
  /** For provenance: `Screenfold 0.1.0`. */
  readonly software: string;
}

export interface Models {
  readonly handlers: HandlersOf<'models'>;
  /** Makes the model that comes with Screenfold known; quick, what it is made of is looked at in the background. */
  readonly addEmbedded: (folder: string, name: string) => Promise<number>;
  /** Throws Failure `model-missing`. */
  readonly folder: (modelId: number) => string;
  /** A model as a run starts from it; throws Failure `model-missing`, and what is wrong with its folder. */
  readonly base: (modelId: number) => Promise<RunBase>;
  /** A picture of a model's card, by its number; throws Failure `model-missing`, `image-unknown`, `image-unreadable`. */
  readonly cardPicture: (modelId: number, number: number) => ReturnType<typeof cardPicture>;
  readonly close: () => Promise<void>;
}

export function createModels(context: DomainContext, deps: ModelsDeps): Models {
  const { library, publish, now, log } = context;
  const { database, paths } = library;
  const { engine } = deps;
  const records = createModelRecords(database);
  const inspections = new Map<number, Promise<void>>();
  const stop = new AbortController();
  const changed = () => {
    publish('changed', { subjects: ['models'] });
  };

  /** Has the engine look into a model whose components are not known yet. */
  const inspect = (id: number, folder: string): Promise<void> => {
    const under = inspections.get(id);
    if (under !== undefined) return under;
    const work = inspectModel(folder, engine)
      .then((facts) => {
        if (stop.signal.aborted) return;
        records.setFacts(id, facts);
        changed();
      })
      .finally(() => inspections.delete(id));
    inspections.set(id, work);
    return work;
  };
  const modelOf = async (record: ModelRecord): Promise<Model> => ({
    ...record,
    missing: !(await isModelFolder(record.folder)),
    parameters: record.components.reduce((sum, { parameters }) => sum + parameters, 0),
  });
  const newModel = {
    parentId: null,
    runId: null,
    epoch: null,
  } as const;

  const add = async (folder: string): Promise<number> => {
    const known = records.findByFolder(folder);
    if (known !== null) return known.id;
    const facts = await inspectModel(folder, engine);
    const again = records.findByFolder(folder);
    if (again !== null) return again.id;
    const id = records.insert({
      ...newModel,
      ...facts,
      kind: 'folder',
      name: basename(folder),
      folder,
      createdAt: now(),
    });
    changed();
    return id;
  };

  const handlers: HandlersOf<'models'> = {
    'models.list': () => Promise.all(records.all().map(modelOf)),
    'models.get': ({ modelId }) => modelOf(records.get(modelId)),
    'models.add': async ({ path: folder }) => ({ modelId: await add(resolve(folder)) }),
    'models.keep': async ({ runId, epoch, name }) => {
      const kept = await keepEpoch({ runId, epoch, name }, context, deps);
      const id = records.insert({
        ...kept.facts,
        kind: 'finetune',
        name,
        folder: kept.folder,
        parentId: kept.parentId,
        runId,
        epoch,
        createdAt: now(),
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
          'Add other models beside it.',
        );
      }
      refuseWhileNeeded(modelId, name);
      records.remove(modelId);
      changed();
      // Whatever a row says, only what lies in the library is deleted.
      if (kind === 'finetune' && dirname(folder) === paths.models) {
        await rm(folder, { recursive: true, force: true });
      }
      return null;
    },
  };

  const refuseWhileNeeded = (modelId: number, name: string) => {
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
  };

  return {
    handlers,
    cardPicture: (modelId, number) => cardPicture(records.get(modelId), number),
    addEmbedded: async (folder, name) => {
      const facts = await readModelConfigs(folder);
      const known = records.embedded();
      if (known === null) {
        const id = records.insert({
          ...newModel,
          ...facts,
          kind: 'embedded',
          name,
          folder,
          createdAt: now(),
        });
        changed();
        inspect(id, folder).catch((error: unknown) => {
          log.error('the embedded model could not be inspected', error);
        });
        return id;
      }
      // Another version of Screenfold lies elsewhere and may bring another model.
      if (known.folder !== folder || known.bytes !== facts.bytes) {
        records.setFolder(known.id, folder);
        records.setFacts(known.id, facts);
      }
      if (records.get(known.id).components.length === 0) {
        inspect(known.id, folder).catch((error: unknown) => {
          log.error('the embedded model could not be inspected', error);
        });
      }
      return known.id;
    },
    folder: (modelId) => records.get(modelId).folder,
    base: async (modelId) => {
      const { id, folder } = records.get(modelId);
      if (!(await isModelFolder(folder))) {
        throw new Failure(
          'model-missing',
          `The model's folder ${folder} is gone, or no model any more.`,
          'Bring it back, or choose another model.',
        );
      }
      if (records.get(id).components.length === 0) await inspect(id, folder);
      const { name, components } = records.get(id);
      const counts = Object.fromEntries(
        components.map((component) => [component.name, component.parameters]),
      );
      return { id, name, folder, counts };
    },
    close: async () => {
      stop.abort();
      await Promise.allSettled(inspections.values());
    },
  };
}
