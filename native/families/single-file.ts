/** Whole models in one file, as sharing sites have them. They are read where they lie; nothing is converted on disk. */
import { Failure } from '../failure.ts';
import { exists } from '../files/exists.ts';
import { type JsonObject, readTextFile } from '../files/json-file.ts';
import type { FolderLayout } from '../weights/component-kind.ts';
import type { ModelConfigs } from '../weights/model-configs.ts';
import type { ModelComponent, ModelFolder } from '../weights/model-folder.ts';
import { openTensorFile } from '../weights/open-tensor-file.ts';
import { hashPlaced, type PlacedWeight, placedWeights } from '../weights/placed-weights.ts';
import type { TensorFile } from '../weights/tensor-file.ts';
import type { Family, SingleFileModel, StatedPrediction } from './family.ts';
import { whatFile } from './what-file.ts';

export interface MadeOut {
  readonly family: Family;
  readonly model: SingleFileModel;
  readonly configs: ModelConfigs;
}

interface OpenedFile extends MadeOut {
  readonly file: TensorFile;
  readonly close: () => Promise<void>;
}

/**
 * Opens a file of a whole model, and the VAE and the config of the original code that lie beside it under its name.
 *
 * @throws Failure `model-file-unsupported` where it is something else, which is named; those of opening the files
 */
async function openFile(
  path: string,
  families: readonly Family[],
  prediction: StatedPrediction | null,
): Promise<OpenedFile> {
  const stem = path.replace(/\.[^./\\]+$/, '');
  const opened: TensorFile[] = [];
  const close = async (): Promise<void> => {
    for (const file of opened.splice(0)) await file.close();
  };
  const open = async (name: string): Promise<TensorFile> => {
    const file = await openTensorFile(name);
    opened.push(file);
    return file;
  };
  try {
    const file = await open(path);
    const vaePath = await vaeBeside(stem);
    const vae = vaePath === null ? null : await open(vaePath);
    if (vae !== null) checkVae(vae);
    const config = await readTextFile(`${stem}.yaml`);
    for (const family of families) {
      const model = family.singleFile({ file, vae, config, prediction });
      if (model !== null) return { family, model, configs: configsOf(path, family, model), file, close };
    }
    const { what, hint } = whatFile(file);
    throw new Failure('model-file-unsupported', `${path} is ${what}.`, hint);
  } catch (error) {
    await close();
    throw error;
  }
}

async function vaeBeside(stem: string): Promise<string | null> {
  for (const ending of ['safetensors', 'ckpt', 'pt']) {
    const path = `${stem}.vae.${ending}`;
    if (await exists(path)) return path;
  }
  return null;
}

function checkVae(file: TensorFile): void {
  if (file.tensors.has('decoder.conv_in.weight')) return;
  if (file.tensors.has('first_stage_model.decoder.conv_in.weight')) return;
  throw new Failure(
    'model-file-unsupported',
    `${file.path} lies where a VAE is looked for, and is ${whatFile(file).what}.`,
    'Put a VAE there, or give it another name.',
  );
}

/**
 * Weights that no part of the model asks for say that it is another one, though its shapes pass: a layer more, or a layer of
 * which one weight is missing.
 */
function refuseForeign(
  file: TensorFile,
  { label, leavesAside, components }: SingleFileModel,
  placed: readonly ReadonlyMap<string, PlacedWeight>[],
): void {
  const used = new Set(placed.flatMap((weights) => [...weights.values()].map(({ key }) => key)));
  // A VAE that lies beside is taken instead of the file's own, whose weights are then not asked for.
  const elsewhere = placed.some((weights) => [...weights.values()].some((weight) => weight.file !== file));
  const isOwnVae = (name: string): boolean =>
    elsewhere && components.has('vae') && name.startsWith('first_stage_model.');
  const foreign = [...file.tensors.keys()].filter(
    (name) => !used.has(name) && !leavesAside(name) && !isOwnVae(name),
  );
  if (foreign.length === 0) return;
  throw new Failure(
    'model-file-unsupported',
    `${file.path} looks like a ${label}, but has ${foreign.length} weights that such a model does not have, among them ${foreign[0]!}.`,
    'It is damaged, or a model of a kind that cannot be used here.',
  );
}

/** What a file says of the model in it; weights are not read. Throws as `openFile`. */
export async function makeOutFile(
  path: string,
  families: readonly Family[],
  prediction: StatedPrediction | null = null,
): Promise<MadeOut> {
  const { close, family, model, configs } = await openFile(path, families, prediction);
  await close();
  return { family, model, configs };
}

/** A file of a whole model, opened as a folder of one is. Throws as `openFile`; `tensor-missing` */
export async function openModelFile(
  path: string,
  families: readonly Family[],
  prediction: StatedPrediction | null = null,
): Promise<ModelFolder> {
  const { family, model, configs, file, close } = await openFile(path, families, prediction);
  try {
    const placed = new Map([...model.components].map(([name, { weights }]) => [name, weights()]));
    refuseForeign(file, model, [...placed.values()]);
    const components = new Map(
      [...model.components].map(([name, { config }]): [string, ModelComponent] => [
        name,
        componentOf(path, name, family, config, placed.get(name)!),
      ]),
    );
    return { ...configs, components, component: among(path, family.layout, model.label, components), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function configsOf(path: string, family: Family, model: SingleFileModel): ModelConfigs {
  const components = new Map(
    [...model.components].map(([name, { config }]) => [name, { source: `${path} (${name})`, config }]),
  );
  return {
    path,
    layout: family.layout,
    index: { _class_name: family.layout.pipelines[0] },
    components,
    component: among(path, family.layout, model.label, components),
    madeOut: { label: model.label, reasons: model.reasons, guessesPrediction: model.guessesPrediction },
    scheduler: model.scheduler,
    schedulerSource: `${path} (scheduler)`,
    tokenizer: model.tokenizer,
  };
}

/** A component that lies in a file, which whoever opened it closes. */
export function componentOf(
  path: string,
  name: string,
  { layout }: Pick<Family, 'layout'>,
  config: JsonObject,
  places: ReadonlyMap<string, PlacedWeight>,
): ModelComponent {
  let hash: Promise<string> | undefined;
  return {
    name,
    kind: layout.components.get(name)!,
    path,
    source: `${path} (${name})`,
    config,
    weights: placedWeights(path, places),
    hash: () => (hash ??= hashPlaced(places)),
    close: () => Promise.resolve(),
  };
}

function among<C>(
  path: string,
  layout: FolderLayout,
  label: string,
  components: ReadonlyMap<string, C>,
): (name: string) => C {
  return (name) => {
    const found = components.get(name);
    if (found !== undefined) return found;
    throw new Failure(
      'model-part-missing',
      `${path} is a ${label} without its ${layout.components.get(name)?.label ?? name}.`,
      name === 'vae'
        ? `Put the VAE beside it, as ${path.replace(/\.[^./\\]+$/, '')}.vae.safetensors, or take another model’s: by --vae, or in the studio under Models.`
        : 'Take another model’s: by --text-encoder, or in the studio under Models. Or get the file of the whole model.',
    );
  };
}
