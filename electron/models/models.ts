import { Failure } from '../../native/failure.ts';
import type { HandlersOf } from '../contract/api.ts';
import type { DomainContext } from '../library/library.ts';
import type { RunBase } from '../runs/plan-request.ts';
import { cardPicture } from './card-picture.ts';
import { goneOf, readModelConfigs } from './inspect-model.ts';
import { modelHandlers, type ModelsDeps } from './model-handlers.ts';
import { createModelInspections } from './model-inspections.ts';
import { createModelRecords } from './model-records.ts';
import { findAt, placeOf } from './noted-models.ts';

export interface Models {
  readonly handlers: HandlersOf<'models'>;
  /** Makes the model that comes with Screenfold known; quick, what it is made of is looked at in the background. */
  readonly addEmbedded: (folder: string, name: string) => Promise<number>;
  /** Throws Failure `model-missing`. */
  readonly folder: (modelId: number) => string;
  /** The model that lies at a path, if one does. */
  readonly at: (path: string) => Promise<number | null>;
  /** As above. */
  readonly named: (modelId: number) => { readonly name: string; readonly folder: string };
  /** A model as a run starts from it; throws Failure `model-missing`, and what is wrong with its folder. */
  readonly base: (modelId: number) => Promise<RunBase>;
  /** A picture of a model's card, by its number; throws Failure `model-missing`, `image-unknown`, `image-unreadable`. */
  readonly cardPicture: (modelId: number, number: number) => ReturnType<typeof cardPicture>;
  readonly close: () => Promise<void>;
}

export function createModels(context: DomainContext, deps: ModelsDeps): Models {
  const { library, publish, now, log } = context;
  const records = createModelRecords(library.database);
  const changed = () => {
    publish('changed', { subjects: ['models'] });
  };
  const { inspect, close } = createModelInspections(deps.engine, records, changed);
  const inspectBehind = (id: number, folder: string) => {
    inspect(id, folder).catch((error: unknown) => {
      log.error('the embedded model could not be inspected', error);
    });
  };

  return {
    handlers: modelHandlers(context, deps, records, changed),
    cardPicture: async (modelId, number) => {
      const { card, folder } = records.get(modelId);
      return cardPicture({ card, folder: await placeOf(folder) }, number);
    },
    addEmbedded: async (folder, name) => {
      const facts = await readModelConfigs(folder);
      const known = records.embedded();
      if (known === null) {
        const id = records.insert({
          ...facts,
          ...{ kind: 'embedded', name, folder, createdAt: now() },
          ...{ parentId: null, runId: null, epoch: null },
        });
        changed();
        inspectBehind(id, folder);
        return id;
      }
      // Another version of Screenfold lies elsewhere and may bring another model.
      if (known.folder !== folder || known.bytes !== facts.bytes) {
        records.setFolder(known.id, folder);
        records.setFacts(known.id, facts);
      }
      if (records.get(known.id).components.length === 0) inspectBehind(known.id, folder);
      return known.id;
    },
    folder: (modelId) => records.get(modelId).folder,
    at: async (path) => (await findAt(path, records))?.id ?? null,
    named: (modelId) => records.get(modelId),
    base: async (modelId) => {
      const { id, folder } = records.get(modelId);
      const gone = await goneOf(folder);
      if (gone !== null) throw goneFailure(gone, await placeOf(folder));
      if (records.get(id).components.length === 0) await inspect(id, folder);
      const { name, components } = records.get(id);
      const counts = Object.fromEntries(
        components.map((component) => [component.name, component.parameters]),
      );
      return { id, name, folder, counts };
    },
    close,
  };
}

function goneFailure(gone: string, model: string): Failure {
  return gone === model
    ? new Failure(
        'model-missing',
        `The model ${model} is gone, may not be read, or is no model any more.`,
        'Put it back or change its permissions, or choose another model.',
      )
    : new Failure(
        'lender-missing',
        `${gone}, which lends ${model} a part, is gone.`,
        'Put it back, or add the model again and borrow the part from another model.',
      );
}
