/** Models of which a note says what their files do not: parts are taken from elsewhere, and what they predict is told. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { LentPart } from '../facts/model-formats.ts';
import { Failure } from '../failure.ts';
import { exists } from '../files/exists.ts';
import type { JsonObject } from '../files/json-file.ts';
import type { ModelNote } from '../files/model-note.ts';
import { type MadeOutModel, type ModelConfigs, readModelConfigs } from '../weights/model-configs.ts';
import { type ModelComponent, type ModelFolder, openComponent } from '../weights/model-folder.ts';
import { openTensorFile } from '../weights/open-tensor-file.ts';
import type { TensorFile } from '../weights/tensor-file.ts';
import type { Family, SingleFileComponent } from './family.ts';
import { componentOf } from './single-file.ts';
import { whatFile } from './what-file.ts';

const partNames: Readonly<Record<LentPart, string>> = { vae: 'VAE', text_encoder: 'text encoder' };

const isPart = (name: string, part: LentPart): boolean => name.startsWith(part);

/** Names of the components that a model lacks and another may lend, with the part of which each is. */
export function lackingParts({ layout, components }: ModelConfigs): ReadonlyMap<string, LentPart> {
  const parts = Object.keys(partNames) as LentPart[];
  return new Map(
    [...layout.components.keys()].flatMap((name): [string, LentPart][] => {
      const part = parts.find((one) => isPart(name, one));
      return components.has(name) || part === undefined ? [] : [[name, part]];
    }),
  );
}

/** Where a part lies that is lent: in a file, or in the folders of components. */
type Lent =
  | {
      readonly kind: 'file';
      readonly file: TensorFile;
      readonly parts: ReadonlyMap<string, SingleFileComponent>;
    }
  | { readonly kind: 'folders'; readonly folders: ReadonlyMap<string, string> };

async function findLent(place: string, part: LentPart, family: Family, model: ModelConfigs): Promise<Lent> {
  const found = await stat(place).catch(() => null);
  if (found === null) throw gone(place, part, model.path);
  if (found.isDirectory()) return { kind: 'folders', folders: await foldersOf(place, part, family, model) };
  const file = await openTensorFile(place);
  try {
    const parts = family.partsIn(file, part, model);
    const isOther = isWhole(file) && family.singleFile({ file, vae: null, config: null }) === null;
    if (parts.size > 0 && !isOther) return { kind: 'file', file, parts };
    throw unfit(
      `${place} has no ${partNames[part]} for a ${family.layout.label}: it is ${whatFile(file).what}.`,
      part,
    );
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** A whole model's parts were made for what else is in it. */
function isWhole({ tensors }: TensorFile): boolean {
  return [...tensors.keys()].some((name) => name.startsWith('model.diffusion_model.'));
}

/** Of a model's folder, or of the one folder of a component. */
async function foldersOf(
  place: string,
  part: LentPart,
  family: Family,
  model: ModelConfigs,
): Promise<ReadonlyMap<string, string>> {
  const names = [...family.layout.components.keys()].filter((name) => isPart(name, part));
  if (await exists(join(place, 'model_index.json'))) {
    const { components } = await readModelConfigs(place, [family.layout]);
    const has = names.filter((name) => components.has(name));
    if (has.length > 0) return new Map(has.map((name) => [name, join(place, name)]));
  } else if (await exists(join(place, 'config.json'))) {
    const lacking = names.find((name) => !model.components.has(name)) ?? names[0]!;
    return new Map([[lacking, place]]);
  }
  throw unfit(`${place} has no ${partNames[part]}.`, part);
}

function gone(place: string, part: LentPart, model: string): Failure {
  return new Failure(
    'lender-missing',
    `The ${partNames[part]} of ${model} was lent by ${place}, which is gone.`,
    `Put it back, or add ${model} again and borrow the part from another model.`,
  );
}

function unfit(message: string, part: LentPart): Failure {
  return new Failure(
    'lender-unfit',
    message,
    `Choose a model of the same kind, or a file of a ${partNames[part]} alone.`,
  );
}

/** Parts that are lent, opened; what was opened is closed where one of them cannot be. */
async function findAll(
  note: ModelNote,
  family: Family,
  model: ModelConfigs,
): Promise<{ readonly lent: readonly Lent[]; readonly close: () => Promise<void> }> {
  const lent: Lent[] = [];
  const close = async (): Promise<void> => {
    for (const one of lent) if (one.kind === 'file') await one.file.close();
  };
  try {
    for (const [part, place] of Object.entries(note.parts) as [LentPart, string][])
      lent.push(await findLent(place, part, family, model));
  } catch (error) {
    await close();
    throw error;
  }
  return { lent, close };
}

/** What a model with a note says of itself; its weights are not looked at. */
export async function notedConfigs(
  note: ModelNote,
  family: Family,
  model: ModelConfigs,
): Promise<ModelConfigs> {
  const { lent, close } = await findAll(note, family, model);
  await close();
  const components = new Map<string, { readonly source: string; readonly config: JsonObject }>(
    model.components,
  );
  for (const one of lent) {
    if (one.kind === 'file')
      for (const [name, { config }] of one.parts)
        components.set(name, { source: `${one.file.path} (${name})`, config });
    else
      for (const [name, folder] of one.folders) {
        const component = await openComponent(folder, name, family.layout.components.get(name)!);
        await component.close();
        components.set(name, component);
      }
  }
  return { ...model, ...told(note, model), components, component: withLent(components, model) };
}

/** A model with a note, opened. It is closed with what is lent to it. */
export async function openNoted(note: ModelNote, family: Family, model: ModelFolder): Promise<ModelFolder> {
  const { lent, close: closeFiles } = await findAll(note, family, model);
  const own: ModelComponent[] = [];
  const close = async (): Promise<void> => {
    for (const component of own) await component.close();
    await closeFiles();
    await model.close();
  };
  try {
    const components = new Map(model.components);
    for (const one of lent) {
      if (one.kind === 'file')
        for (const [name, { config, weights }] of one.parts)
          components.set(name, componentOf(one.file.path, name, family, config, weights()));
      else
        for (const [name, folder] of one.folders) {
          const component = await openComponent(folder, name, family.layout.components.get(name)!);
          own.push(component);
          components.set(name, component);
        }
    }
    return { ...model, ...told(note, model), components, component: withLent(components, model), close };
  } catch (error) {
    for (const component of own) await component.close();
    await closeFiles();
    throw error;
  }
}

function withLent<C>(
  components: ReadonlyMap<string, C>,
  model: { readonly component: (name: string) => C },
): (name: string) => C {
  return (name) => components.get(name) ?? model.component(name);
}

/** What the note adds to what the model says: in words, and to its noise. */
function told(
  { parts, prediction }: ModelNote,
  { madeOut, layout, scheduler }: ModelConfigs,
): { readonly madeOut: MadeOutModel; readonly scheduler: JsonObject } {
  const lent = (Object.entries(parts) as [LentPart, string][]).map(
    ([part, place]) => `its ${partNames[part]} is lent by ${place}`,
  );
  // A file was told before it was made out, and has it among its reasons.
  const known = madeOut?.reasons ?? [];
  const says =
    prediction === null
      ? null
      : `it predicts ${prediction.type === 'epsilon' ? 'noise' : 'velocity'}: ${prediction.because}`;
  return {
    madeOut: {
      label: madeOut?.label ?? layout.label,
      reasons: [...known, ...lent, ...(says === null || known.includes(says) ? [] : [says])],
      guessesPrediction: prediction === null && (madeOut?.guessesPrediction ?? false),
    },
    scheduler: prediction === null ? scheduler : { ...scheduler, prediction_type: prediction.type },
  };
}
