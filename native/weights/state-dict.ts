/** Which tensors of a checkpoint are the model's, and under which names: as AUTOMATIC1111, ComfyUI and diffusers find them. */
import type { PickleDict, PickledTensor, PickleValue } from './torch-pickle-values.ts';
import { ofKind } from './torch-pickle-values.ts';

export interface StateDict {
  readonly tensors: ReadonlyMap<string, PickledTensor>;
  /** Texts and numbers beside the tensors, as text: `global_step`, an embedding's `name`. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** More than any tool wraps them. */
const mostWrappers = 8;

/** What trainers call the weights where they keep other things beside them. */
const wrappers: readonly string[] = ['state_dict', 'model', 'module', 'params'];

const embedding = 'string_to_param';

function asDict(value: PickleValue | undefined): PickleDict | undefined {
  if (value instanceof Map) return value;
  // A module that holds parameters keeps them so, and counts as the dict it is used as.
  const opaque = ofKind(value, 'opaque');
  if (opaque?.name !== 'torch.nn.modules.container.ParameterDict' || !(opaque.state instanceof Map)) return;
  const parameters = opaque.state.get('_parameters');
  return parameters instanceof Map ? parameters : undefined;
}

function hasTensor(dict: PickleDict): boolean {
  return [...dict.values()].some((value) => ofKind(value, 'tensor') !== undefined);
}

/** The dict inside that is the state dict rather than this one. diffusers goes on for as long as there is a `state_dict`. */
function inner(dict: PickleDict): PickleDict | undefined {
  const named = asDict(dict.get(wrappers[0]!));
  if (named !== undefined) return named;
  if (hasTensor(dict) || dict.has(embedding)) return undefined;
  if (dict.size === 1) return asDict(dict.values().next().value);
  return wrappers.map((name) => asDict(dict.get(name))).find((value) => value !== undefined);
}

function note(metadata: Map<string, string>, dict: PickleDict): void {
  for (const [key, value] of dict) {
    if (typeof key !== 'string') continue;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
      metadata.set(key, String(value));
  }
}

function collect(tensors: Map<string, PickledTensor>, dict: PickleDict, prefix: string): void {
  for (const [key, value] of dict) {
    const tensor = ofKind(value, 'tensor');
    if (tensor !== undefined && typeof key === 'string') tensors.set(prefix + key, tensor);
  }
}

/** Null where the pickle holds no tensors by name. */
export function findStateDict(root: PickleValue): StateDict | null {
  const metadata = new Map<string, string>();
  let dict = asDict(root);
  for (let depth = 0; dict !== undefined && depth < mostWrappers; depth++) {
    note(metadata, dict);
    const next = inner(dict);
    if (next === undefined) break;
    dict = next;
  }
  if (dict === undefined) return null;
  const tensors = new Map<string, PickledTensor>();
  collect(tensors, dict, '');
  // A textual inversion: its vectors are one level down, by the placeholder they stand for.
  const vectors = asDict(dict.get(embedding));
  if (vectors !== undefined) collect(tensors, vectors, `${embedding}.`);
  return tensors.size === 0 ? null : { tensors, metadata };
}
