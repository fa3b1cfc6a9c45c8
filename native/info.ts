import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { embeddingName, loraName } from './facts/run-folder.ts';
import { Failure } from './failure.ts';
import { folderLayouts } from './families/families.ts';
import { lackingParts } from './families/noted-base.ts';
import { openBase } from './families/open-base.ts';
import { openModel } from './families/open-model.ts';
import { whatFile } from './families/what-file.ts';
import { exists } from './files/exists.ts';
import { obstacleOf, systemCode } from './files/obstacle.ts';
import { elementCount } from './graph/data-type.ts';
import type { ComponentSummary, InfoJob, InfoResult, JobContext, Method } from './jobs.ts';
import { chooseRuntime, detectProviders } from './runtime/providers.ts';
import type { Runtime } from './runtime/runtime.ts';
import { probePrediction } from './sampling/probe-prediction.ts';
import { embeddingFactsOf } from './weights/embedding-facts.ts';
import { loraFactsOf } from './weights/lora-facts.ts';
import { type ModelComponent, openComponent } from './weights/model-folder.ts';
import { openTensorFile } from './weights/open-tensor-file.ts';

type DescribedModel = NonNullable<InfoResult['model']>;
type Probed = NonNullable<DescribedModel['probed']> | null;

/** What this machine can compute on and, where a path is given, what model lies there. */
export async function info({ path, probe = false }: InfoJob, _context: JobContext): Promise<InfoResult> {
  const model = path === undefined ? null : await describe(path);
  const providers = await detectProviders();
  const runtime = await chooseRuntime({});
  try {
    const probed = probe && model?.guessesPrediction === true ? await probeModel(runtime, path!) : undefined;
    return {
      ...{ kind: 'info', runtime: runtime.description, providers, notes: runtime.notes },
      model: model === null ? null : { ...model, ...(probed !== undefined && { probed }) },
    };
  } finally {
    await runtime.dispose();
  }
}

/** What was found, and how; null where the model answers as neither kind does. */
async function probeModel(runtime: Runtime, path: string): Promise<Probed> {
  const model = await openModel({ base: path });
  try {
    const { type, share } = await probePrediction(runtime, model);
    if (type === null) return null;
    const percent = `${Math.round(100 * share)} %`;
    const because =
      type === 'epsilon'
        ? `tried on pure noise, it gave ${percent} of that back, as only a model of noise does`
        : `tried on pure noise, it gave ${percent} of that back, where a model of noise gives all`;
    return { type, because };
  } finally {
    await model.close();
  }
}

async function describe(path: string): Promise<DescribedModel> {
  const found = await stat(path).catch((error: unknown) => {
    const obstacle = systemCode(error) === 'ENOENT' ? null : obstacleOf(error);
    if (obstacle !== null)
      throw new Failure('model-missing', `${path} cannot be read: ${obstacle.reason}.`, obstacle.hint, error);
    throw new Failure('model-missing', `There is nothing at ${path}.`, 'Check the path.', error);
  });
  if (!found.isDirectory()) {
    try {
      return await describeBase(path);
    } catch (error) {
      if (error instanceof Failure && error.code === 'model-file-unsupported') return describeFile(path);
      throw error;
    }
  }
  return (await exists(join(path, 'model_index.json'))) ? describeBase(path) : describeCheckpoint(path);
}

async function describeBase(path: string): Promise<DescribedModel> {
  const base = await openBase(path);
  try {
    const components = [...base.components.values()].map(summary);
    const { _class_name: scheduler, prediction_type: prediction } = base.scheduler;
    const metadata = {
      scheduler: typeof scheduler === 'string' ? scheduler : 'unknown',
      prediction: typeof prediction === 'string' ? prediction : 'epsilon',
    };
    const lacks = [...lackingParts(base).keys()].map(
      (name) => `it has no ${base.layout.components.get(name)!.label}, which another model can lend`,
    );
    const { reasons = [], ...madeOut } = base.madeOut ?? {};
    const all = [...reasons, ...lacks];
    return { path, components, metadata, ...madeOut, ...(all.length > 0 && { reasons: all }) };
  } finally {
    await base.close();
  }
}

/** A checkpoint has components without an index, or a LoRA, or a new word. */
async function describeCheckpoint(path: string): Promise<DescribedModel> {
  const method = await methodOf(path);
  const trained = method === null ? {} : { method };
  for (const name of [loraName, embeddingName]) {
    const file = join(path, name);
    if (await exists(file)) return { ...(await describeFile(file)), ...trained, path };
  }
  const components: ComponentSummary[] = [];
  const kinds = new Map(folderLayouts.flatMap((layout) => [...layout.components]));
  for (const [name, kind] of kinds) {
    if (!(await exists(join(path, name, 'config.json')))) continue;
    const component = await openComponent(join(path, name), name, kind);
    components.push(summary(component));
    await component.close();
  }
  if (components.length > 0) return { path, components, metadata: {}, ...trained };
  throw new Failure(
    'model-missing',
    `${path} holds no model: neither model_index.json nor any of ${[...kinds.keys()].join(', ')} or ${loraName}.`,
    'Name a diffusers folder, a file of a model or a LoRA, or a checkpoint of a run.',
  );
}

/** How a checkpoint was trained; null where it does not say. */
async function methodOf(checkpoint: string): Promise<Method | null> {
  try {
    const text = await readFile(join(checkpoint, 'checkpoint.json'), 'utf8');
    const { method } = JSON.parse(text) as { readonly method?: Method };
    return typeof method?.kind === 'string' ? method : null;
  } catch {
    return null;
  }
}

async function describeFile(path: string): Promise<DescribedModel> {
  const file = await openTensorFile(path);
  try {
    const tensors = [...file.tensors.values()];
    const parameters = tensors.reduce((sum, { shape }) => sum + elementCount(shape), 0);
    const dtype = [...new Set(tensors.map((tensor) => tensor.dtype))].join(', ');
    const lora = loraFactsOf(file);
    const embedding = lora === null ? embeddingFactsOf(file) : null;
    const className = tensors.length === 1 ? '1 tensor' : `${tensors.length} tensors`;
    return {
      path,
      components: [{ name: 'file', className, parameters, dtype }],
      metadata: Object.fromEntries(file.metadata),
      label: embedding === null ? whatFile(file).what : 'an embedding (textual inversion)',
      ...(lora !== null && { lora, reasons: lora.reasons }),
      ...(embedding !== null && { embedding }),
    };
  } finally {
    await file.close();
  }
}

function summary({ name, kind: { className }, weights }: ModelComponent): ComponentSummary {
  const names = weights?.names ?? [];
  return {
    name,
    className,
    parameters: names.reduce((sum, key) => sum + elementCount(weights!.shape(key)), 0),
    dtype: weights ? [...new Set(names.map((key) => weights.dtype(key)))].join(', ') : 'no weights yet',
  };
}
