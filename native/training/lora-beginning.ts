/** A LoRA that further training begins with, as its file has it. */
import { Failure } from '../failure.ts';
import type { OpenModel } from '../families/family.ts';
import type { Parameter } from '../models/parameter.ts';
import type { LoraModule } from '../weights/lora-file.ts';
import { readLora } from '../weights/lora-reader.ts';
import { type AdapterPlan, shapeOn } from './adapter.ts';

/** First values of an adapter's matrix; null for one on a module that the file has nothing of. */
export type LoraBeginning = (parameter: Parameter) => Float32Array<ArrayBuffer> | null;

const idOf = (component: string, module: string): string => `${component} ${module}`;

/**
 * Reads the file for the adapters that are trained. Where its alpha is another, `up` is scaled, so that training begins with what
 * the file does to the model.
 *
 * @throws Failure those of `readLora`; `lora-rank`, and `lora-untrained` where it is on modules that are not trained
 */
export async function readLoraBeginning(
  path: string,
  { adapters }: Pick<OpenModel, 'adapters'>,
  parameters: readonly Parameter[],
  plan: AdapterPlan,
): Promise<LoraBeginning> {
  const { modules } = await readLora(path, adapters.layout());
  const trained = new Set(
    parameters.flatMap(({ component, adapter }) => (adapter ? [idOf(component, adapter.module)] : [])),
  );
  const shapeOf = ({ component, module: own, kernel }: LoraModule) =>
    trained.has(idOf(component, own)) ? shapeOn(plan, component, { path: own, kernel }) : null;
  for (const module of modules) {
    const shape = shapeOf(module);
    if (shape !== null && shape.rank !== module.rank) {
      throw new Failure(
        'lora-rank',
        `${path} has the rank ${module.rank} on ${module.module}, but the run has the rank ${shape.rank}.`,
        `Train with the rank ${module.rank}.`,
      );
    }
  }
  const left = modules.find((module) => shapeOf(module) === null);
  if (left !== undefined) throw untrained(path, left, parameters);
  const unlike = modules.find(({ magnitude }) => (magnitude !== undefined) !== (plan.magnitudes ?? false));
  if (unlike !== undefined) throw otherForm(path, unlike);
  const known = new Map(modules.map((module) => [idOf(module.component, module.module), module]));
  return ({ component, adapter }) => {
    const found = adapter && known.get(idOf(component, adapter.module));
    if (!adapter || !found) return null;
    if (adapter.part === 'magnitude') return found.magnitude ?? null;
    if (adapter.part === 'down') return found.down;
    const factor = found.alpha / found.rank / shapeOf(found)!.scale;
    return factor === 1 ? found.up : found.up.map((value) => value * factor);
  };
}

function otherForm(path: string, { magnitude }: LoraModule): Failure {
  return magnitude === undefined
    ? new Failure('lora-form', `${path} is not a DoRA, but the run trains one.`, 'Train without DoRA.')
    : new Failure('lora-form', `${path} is a DoRA, but the run does not train one.`, 'Train with DoRA.');
}

function untrained(
  path: string,
  { component, module }: LoraModule,
  parameters: readonly Parameter[],
): Failure {
  const wholePart = !parameters.some((parameter) => parameter.adapter && parameter.component === component);
  return new Failure(
    'lora-untrained',
    `${path} is on ${module} of the ${component} too, which this run does not train: what it does there would be lost.`,
    wholePart
      ? 'Train the text encoder too.'
      : 'Train convolutions too, in its rank on them, or choose a LoRA without them.',
  );
}
