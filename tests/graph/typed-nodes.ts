import { fromBinary } from '@bufbuild/protobuf';

import { type DataType, onnxTypes } from '../../native/graph/data-type.ts';
import { ModelProtoSchema, type NodeProto } from '../../native/graph/onnx_pb.js';

export interface TypedNode {
  readonly node: NodeProto;
  /** `null` where an optional one is left out. */
  readonly inputs: readonly (DataType | null)[];
  readonly outputs: readonly (DataType | null)[];
}

const typeNamed = (number: number): DataType =>
  (Object.keys(onnxTypes) as DataType[]).find((name) => onnxTypes[name] === number)!;

/** The nodes of a model with the types of what they take and give. */
export function typedNodes(model: Uint8Array): readonly TypedNode[] {
  const graph = fromBinary(ModelProtoSchema, model).graph!;
  const types = new Map<string, DataType>();
  for (const { name, dataType } of graph.initializer) types.set(name, typeNamed(dataType));
  for (const { name, type } of graph.input) types.set(name, typeNamed(type!.value.value!.elemType));
  return graph.node.map((node) => {
    const inputs = node.input.map((name) => (name === '' ? null : types.get(name)!));
    const outputs = node.output.map((name, i): DataType | null => {
      if (name === '') return null;
      const type = outputType(node, inputs, i);
      types.set(name, type);
      return type;
    });
    return { node, inputs, outputs };
  });
}

function outputType(node: NodeProto, inputs: readonly (DataType | null)[], i: number): DataType {
  if (node.opType === 'Cast') return typeNamed(Number(node.attribute.find(({ name }) => name === 'to')!.i));
  if (['Equal', 'Greater', 'Less'].includes(node.opType)) return 'bool';
  if (node.opType === 'LayerNormalization' && i > 0) return 'float32';
  return inputs[node.opType === 'Where' ? 1 : 0]!;
}

/** What a provider tells nodes apart by: operator, attributes, types. Their order and shapes are not among it. */
function kindOf({ node, inputs, outputs }: TypedNode): string {
  const attributes = node.attribute.map(({ name, i, f, s, ints }) => [
    name,
    String(i),
    f,
    [...s],
    ints.map(String),
  ]);
  return JSON.stringify([node.opType, attributes, inputs, outputs]);
}

/** Those of some models that have a node of a kind that none before them has. */
export function withNewKinds<T extends { readonly model: Uint8Array }>(graphs: readonly T[]): readonly T[] {
  const seen = new Set<string>();
  return graphs.filter(({ model }) => {
    const before = seen.size;
    for (const node of typedNodes(model)) seen.add(kindOf(node));
    return seen.size > before;
  });
}
