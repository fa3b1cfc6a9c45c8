/** Where the weights of a model's parts lie in a file of the whole, in the original code's names. */
import { Failure } from '../../../failure.ts';
import type { JsonObject } from '../../../files/json-file.ts';
import { elementCount } from '../../../graph/data-type.ts';
import { readAutoencoderConfig } from '../../../models/autoencoder.ts';
import type { InputParameters } from '../../../models/model-builder.ts';
import { vaeKind } from '../../../weights/component-kind.ts';
import type { PlacedWeight } from '../../../weights/placed-weights.ts';
import type { TensorFile } from '../../../weights/tensor-file.ts';
import type { SingleFileComponent, SingleFileParts } from '../../family.ts';
import { buildAutoencoder } from '../build.ts';
import { ldmVaeName, openClipName } from './ldm-names.ts';
import { madeOutVae, type Tensors, vaePrefix } from './made-out.ts';

export const startsAny = (tensors: Tensors, prefix: string): boolean =>
  [...tensors.keys()].some((name) => name.startsWith(prefix));

/** That of a file of its own goes before; such files have the original code's names or diffusers'. */
export function vaeOf(
  { file, vae }: SingleFileParts,
  edge: number,
  scalingFactor: number,
): [string, SingleFileComponent][] {
  const source = vae ?? file;
  const prefix = startsAny(source.tensors, vaePrefix) ? vaePrefix : '';
  if (source.tensors.has(`${prefix}encoder.down_blocks.0.resnets.0.conv1.weight`))
    return [['vae', diffusersVae(source)]];
  if (!source.tensors.has(`${prefix}decoder.conv_in.weight`)) return [];
  const config = madeOutVae(source.tensors, prefix, edge, scalingFactor);
  const { length: levels } = config.block_out_channels as readonly number[];
  return [['vae', vaeComponent(source, config, (name) => prefix + ldmVaeName(name, levels))]];

  function diffusersVae({ tensors }: TensorFile): SingleFileComponent {
    const keys = new Map([...tensors.keys()].map((key) => [vaeKind.currentName(key) ?? key, key]));
    const levelOf = (name: string): number => Number(/^encoder\.down_blocks\.(\d)\./.exec(name)?.[1] ?? 0);
    const count = Math.max(...[...keys.keys()].map(levelOf)) + 1;
    const renamed = new Map([...keys].map(([name, key]) => [ldmVaeName(name, count), tensors.get(key)!]));
    return vaeComponent(
      source,
      madeOutVae(renamed, '', edge, scalingFactor),
      (name) => keys.get(name) ?? name,
    );
  }
}

function vaeComponent(
  file: TensorFile,
  config: JsonObject,
  keyOf: (name: string) => string,
): SingleFileComponent {
  return {
    config,
    weights: () => placed(buildAutoencoder(readAutoencoderConfig(config, file.path)), file, keyOf),
  };
}

export function placed(
  model: InputParameters,
  file: TensorFile,
  keyOf: (name: string) => string,
): ReadonlyMap<string, PlacedWeight> {
  return placedAt(model, file, (name) => ({ key: keyOf(name), part: 0 }));
}

/**
 * Where the weights are that the model asks for.
 *
 * @throws Failure `tensor-missing`
 */
export function placedAt(
  { parameters }: InputParameters,
  file: TensorFile,
  place: (name: string) => Pick<PlacedWeight, 'key' | 'part' | 'transposed'>,
): ReadonlyMap<string, PlacedWeight> {
  const weights = new Map<string, PlacedWeight>();
  const missing: string[] = [];
  for (const { key: name, shape } of parameters) {
    const { key, part, transposed = false } = place(name);
    const found = file.tensors.get(key)?.shape;
    if (found === undefined) {
      missing.push(key);
      continue;
    }
    refuseQuantized(file, key);
    const [has, wants] = [elementCount(found), elementCount(shape)];
    const fused = /in_proj_(?:weight|bias)$/.test(key);
    // 1x1 convolutions and matrices are written one for the other; any other shape is told where the weight is read.
    const turned = transposed ? found.toReversed() : found;
    const fits = fused ? has === 3 * wants : has === wants && sameButForOnes(turned, shape);
    weights.set(name, { file, key, part, shape: fits ? shape : found, transposed });
  }
  if (missing.length > 0) {
    throw new Failure(
      'tensor-missing',
      `${file.path} lacks ${missing.length} of its weights, among them ${missing[0]!}.`,
      'Download it again; if that is how it was published, use another model.',
    );
  }
  return weights;
}

/** Of CLIP in transformers' names, which may lack `text_model.`: `prefix` is all that is before `embeddings.`. */
export function placedClip(
  model: InputParameters,
  file: TensorFile,
  prefix: string,
): ReadonlyMap<string, PlacedWeight> {
  return placed(model, file, (name) => prefix + name.replace(/^text_model\./, ''));
}

/** What CLIP's weights in transformers' names begin with, in a file that may lack `text_model.`; null where it has none. */
export function clipRoot({ tensors }: TensorFile, prefix: string): string | null {
  const root = `${prefix}text_model.`;
  if (startsAny(tensors, root)) return root;
  return startsAny(tensors, prefix) ? prefix : null;
}

/** Of OpenCLIP, whose projection of whole texts is a matrix that stands on its side. */
export function placedOpenClip(
  model: InputParameters,
  file: TensorFile,
  prefix: string,
): ReadonlyMap<string, PlacedWeight> {
  return placedAt(model, file, (name) => {
    if (name === 'text_projection.weight')
      return { key: `${prefix}text_projection`, part: 0, transposed: true };
    const inOpenClip = openClipName(name);
    return { key: prefix + inOpenClip.name, part: inOpenClip.third ?? 0 };
  });
}

/** Whole numbers stand for weights by scales that each tool keeps in its own way. */
function refuseQuantized(file: TensorFile, key: string): void {
  const { dtype } = file.tensors.get(key)!;
  if (/^(?:F64|F32|F16|BF16)$/.test(dtype)) return;
  throw new Failure(
    'weights-quantized',
    `${file.path} has its weights as ${dtype}, among them ${key}.`,
    'Use a version of the model in float16, bfloat16 or float32.',
  );
}

function sameButForOnes(a: readonly number[], b: readonly number[]): boolean {
  const rest = (shape: readonly number[]): string => shape.filter((size) => size !== 1).join();
  return rest(a) === rest(b);
}
