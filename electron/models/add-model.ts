import { rm } from 'node:fs/promises';
import { basename } from 'node:path';

import { isModelNote, modelNameOf } from '../../native/facts/model-formats.ts';
import type { Engine } from '../engine/engine.ts';
import type { DomainContext } from '../library/library.ts';
import { goneOf, inspectModel, type ModelFacts, readModelConfigs } from './inspect-model.ts';
import type { ModelRecords } from './model-records.ts';
import { findAt, withLender, withPrediction } from './noted-models.ts';

/** Makes what lies at a path a model of the library, a lender giving what it lacks. Gives its id, also where it was one before. */
export type AddModel = (path: string, lender: string | null) => Promise<number>;

export function modelAdder(
  { library, now }: DomainContext,
  { engine }: { readonly engine: Engine },
  records: ModelRecords,
  changed: () => void,
): AddModel {
  /** What it was found to predict is noted, so that nobody has to try again. */
  const lookInto = async (folder: string): Promise<{ facts: ModelFacts; folder: string }> => {
    const { facts, probed } = await inspectModel(folder, engine);
    if (probed === null) return { facts, folder };
    const noted = await withPrediction(folder, probed, library);
    return { facts: { ...(await readModelConfigs(noted)), components: facts.components }, folder: noted };
  };
  return async (path, lender) => {
    const known = await findAt(path, records);
    if (known !== null && lender === null && (await goneOf(known.folder)) === null) return known.id;
    const before = known !== null && isModelNote(known.folder) ? known.folder : null;
    const opened = await withLender(path, lender, { library, before });
    const { facts, folder } = await lookInto(opened).catch(async (error: unknown) => {
      if (opened !== path && opened !== before) await rm(opened, { force: true });
      throw error;
    });
    // It went into the note that was made of what it predicts.
    if (![path, before, folder].includes(opened)) await rm(opened, { force: true });
    const again = await findAt(path, records);
    if (again !== null) {
      records.setFolder(again.id, folder);
      records.setFacts(again.id, facts);
      changed();
      return again.id;
    }
    const id = records.insert({
      ...facts,
      ...{ kind: 'folder', name: modelNameOf(basename(path)), folder, createdAt: now() },
      ...{ parentId: null, runId: null, epoch: null },
    });
    changed();
    return id;
  };
}
