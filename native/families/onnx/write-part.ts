import { join } from 'node:path';

import { writeFileAtomic } from '../../files/atomic-file.ts';
import { bytesPerElement, elementCount } from '../../graph/data-type.ts';
import { type FreeGraph, withFreeSizes } from '../../graph/free-sizes.ts';
import { Graph } from '../../graph/graph.ts';
import { float32ToFloat16 } from '../../graph/half.ts';
import { inHalfPrecision } from '../../graph/in-half-precision.ts';
import { serializeModel, type StoredTensor } from '../../graph/serialize.ts';
import { InputParameters } from '../../models/model-builder.ts';
import type { Parameter } from '../../models/parameter.ts';
import type { ReadWeight } from '../../models/weight-tensor.ts';
import type { WeightPrecision } from '../../weights/model-folder.ts';
import type { OnnxPart } from './pipeline.ts';

const modelName = 'model.onnx';
const dataName = 'model.onnx_data';

/** Weights of more bytes lie in a file of their own: a model of ONNX is read whole, and holds no more than 2 GB. */
const usualInside = 64 * 2 ** 20;

/** Where a tensor may be mapped into memory. */
const alignment = 4096;

/** A graph with its weights as inputs, of the types that they are kept in. */
interface WeightedGraph extends FreeGraph {
  readonly parameters: readonly Parameter[];
}

/**
 * Writes a part's graph into a folder that is there: `model.onnx`, and `model.onnx_data` where its weights are large. A weight is
 * in memory when its turn has come.
 *
 * @throws Failure `write-failed`, and those of reading weights
 */
export async function writeOnnxPart(
  folder: string,
  part: OnnxPart,
  readWeight: ReadWeight,
  precision: WeightPrecision,
  mostInside = usualInside,
): Promise<void> {
  const { graph, outputs, axes, parameters } = buildPart(part, precision);
  const bytesOf = async (parameter: Parameter): Promise<Uint8Array<ArrayBuffer>> => {
    const values = await readWeight(parameter);
    const array = parameter.type === 'float16' ? float32ToFloat16(values) : values;
    return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  };
  const lengthOf = ({ type, shape }: Parameter): number => elementCount(shape) * bytesPerElement[type];
  const inside = parameters.reduce((sum, parameter) => sum + lengthOf(parameter), 0) <= mostInside;
  const stored = new Map<string, StoredTensor>();
  let end = 0;
  for (const parameter of parameters) {
    stored.set(parameter.name, inside ? await bytesOf(parameter) : { location: dataName, offset: end });
    end = aligned(end + lengthOf(parameter));
  }
  await writeFileAtomic(join(folder, modelName), serializeModel(graph, outputs, { stored, axes }).model);
  if (inside) return;
  await writeFileAtomic(join(folder, dataName), async (file) => {
    for (const parameter of parameters) {
      const bytes = await bytesOf(parameter);
      await file.writeFile(bytes);
      await file.writeFile(new Uint8Array(aligned(bytes.length) - bytes.length));
    }
  });
}

const aligned = (length: number): number => Math.ceil(length / alignment) * alignment;

/** In float16, weights are; products too where that is sound. */
function buildPart(
  { component, free, build, halfProducts }: OnnxPart,
  precision: WeightPrecision,
): WeightedGraph {
  const isHalf = precision === 'float16';
  let parameters: readonly Parameter[] = [];
  const single = withFreeSizes(free, (sizes) => {
    const graph = new Graph();
    const model = new InputParameters(graph, {
      component,
      prefix: 'weight/',
      ...(isHalf && !halfProducts && { held: () => 'float16' }),
    });
    const outputs = build(model, graph, sizes);
    parameters = model.parameters;
    return { graph, outputs };
  });
  if (!isHalf || !halfProducts) return { ...single, parameters };
  const names = new Set(parameters.map(({ name }) => name));
  const { graph, valueOf } = inHalfPrecision(single.graph, {
    results: Object.values(single.outputs),
    halfInputs: new Set(single.graph.inputs.filter(({ name }) => names.has(name))),
  });
  return {
    graph,
    axes: single.axes,
    outputs: Object.fromEntries(
      Object.entries(single.outputs).map(([name, value]) => [name, valueOf(value)]),
    ),
    parameters: parameters.map((parameter) => ({ ...parameter, type: 'float16' })),
  };
}
