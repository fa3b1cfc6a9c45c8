import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';

import { bytesPerElement, type DataArray, elementCount, onnxTypes } from './data-type.ts';
import type { Attribute, Graph, Node, Value } from './graph.ts';
import {
  AttributeProto_AttributeType,
  type AttributeProtoSchema,
  ModelProtoSchema,
  TensorProto_DataLocation,
  type TensorProtoSchema,
} from './onnx_pb.js';
import { irVersion, opset } from './opset.ts';

export interface ExternalData {
  /** File name the model will look for beside itself. */
  readonly location: string;
  /** Constants of at least this many bytes go there. */
  readonly minimumBytes: number;
}

export interface SerializedModel {
  readonly model: Uint8Array<ArrayBuffer>;
  /** What to write to the external file, in order; empty where everything is in the model. */
  readonly external: readonly DataArray[];
}

export interface SerializeOptions {
  readonly external?: ExternalData;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Inputs of the graph that become initializers without bytes, which the session is given when it is made. */
  readonly initializers?: readonly string[];
  /** Inputs of the graph that become initializers, and their bytes: as they are, or where they will lie. */
  readonly stored?: ReadonlyMap<string, StoredTensor>;
  /** Axes of inputs and outputs by their names, where they are not what the values' shapes say. */
  readonly axes?: Readonly<Record<string, readonly (number | string)[]>>;
}

export type StoredTensor = Uint8Array<ArrayBuffer> | { readonly location: string; readonly offset: number };

/** Bytes an external tensor's offset is a multiple of, so that it can be mapped into memory. */
const alignment = 4096;

/**
 * The graph as an ONNX ModelProto with the given outputs by name. Nodes no output needs are left out, and of other nodes
 * the optional outputs that nothing reads; inputs are all kept, so a session's signature does not depend on what was
 * found dead.
 */
export function serializeModel(
  graph: Graph,
  outputs: Readonly<Record<string, Value>>,
  { external, metadata = {}, initializers = [], stored = new Map(), axes = {} }: SerializeOptions = {},
): SerializedModel {
  const names = new Map<string, string>();
  const renames: { name: string; value: Value }[] = [];
  const fixed = new Set([...graph.inputs.map((input) => input.name), ...graph.constants.keys()]);
  for (const [name, value] of Object.entries(outputs)) {
    if (fixed.has(name)) throw new Error(`The output ${name} has the name of an input or constant.`);
    if (fixed.has(value.name) || names.has(value.name)) renames.push({ name, value });
    else names.set(value.name, name);
  }
  const nameOf = (value: Value | null): string => (value ? (names.get(value.name) ?? value.name) : '');

  const nodes = liveNodes(graph, Object.values(outputs));
  const used = new Set(nodes.flatMap((node) => node.inputs.map((input) => input?.name)));
  for (const { name } of Object.values(outputs)) used.add(name);

  const files: DataArray[] = [];
  let offset = 0;
  const tensors: MessageInitShape<typeof TensorProtoSchema>[] = [];
  for (const { value, data } of graph.constants.values()) {
    if (!used.has(value.name)) continue;
    const tensor = { dims: value.shape.map(BigInt), dataType: onnxTypes[value.type], name: value.name };
    if (external && data.byteLength >= external.minimumBytes) {
      const padding = (alignment - (offset % alignment)) % alignment;
      if (padding > 0) files.push(new Uint8Array(padding));
      offset += padding;
      tensors.push({ ...tensor, ...externalLocation(external.location, offset, data.byteLength) });
      files.push(data);
      offset += data.byteLength;
    } else {
      tensors.push({ ...tensor, rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) });
    }
  }
  // ONNX Runtime replaces the whole tensor; the file named here is never opened.
  const unopened = { location: 'given-to-the-session', offset: 0 };
  const given = new Map([...initializers.map((name) => [name, unopened] as const), ...stored]);
  for (const input of graph.inputs) {
    const bytes = given.get(input.name);
    if (bytes !== undefined) tensors.push(initializer(input, bytes));
  }

  const message = create(ModelProtoSchema, {
    irVersion: BigInt(irVersion),
    producerName: 'screenfold',
    opsetImport: [{ domain: '', version: BigInt(opset) }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: 'graph',
      input: graph.inputs
        .filter((input) => !given.has(input.name))
        .map((input) => valueInfo(input, input.name, axes[input.name])),
      output: Object.entries(outputs).map(([name, value]) => valueInfo(value, name, axes[name])),
      initializer: tensors,
      node: [
        ...nodes.map((node) => ({
          name: node.name,
          opType: node.op,
          input: node.inputs.map(nameOf),
          output: declaredOutputs(node, used).map(nameOf),
          attribute: Object.entries(node.attributes).map(([name, attribute]) =>
            attributeProto(name, attribute),
          ),
        })),
        ...renames.map(({ name, value }) => ({
          name: `output/${name}`,
          opType: 'Identity',
          input: [nameOf(value)],
          output: [name],
        })),
      ],
    },
  });
  return { model: toBinary(ModelProtoSchema, message), external: files };
}

/** Nodes that any of `outputs` depends on, in order. */
export function liveNodes(graph: Graph, outputs: readonly Value[]): Node[] {
  const needed = new Set(outputs.map((value) => value.name));
  const live: Node[] = [];
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i]!;
    if (!node.outputs.some((output) => needed.has(output.name))) continue;
    live.push(node);
    for (const input of node.inputs) if (input) needed.add(input.name);
  }
  return live.reverse();
}

/** A node's outputs without the optional ones that nothing reads; `null` for such a one before one that is read. */
export function declaredOutputs(
  { outputs, required }: Node,
  used: ReadonlySet<string | undefined>,
): (Value | null)[] {
  const last = outputs.findLastIndex((output, i) => i < required || used.has(output.name));
  return outputs
    .slice(0, last + 1)
    .map((output, i) => (i < required || used.has(output.name) ? output : null));
}

function externalLocation(location: string, offset: number, length: number) {
  return {
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: [
      { key: 'location', value: location },
      { key: 'offset', value: String(offset) },
      { key: 'length', value: String(length) },
    ],
  };
}

function initializer(input: Value, bytes: StoredTensor): MessageInitShape<typeof TensorProtoSchema> {
  const tensor = { dims: input.shape.map(BigInt), dataType: onnxTypes[input.type], name: input.name };
  if (bytes instanceof Uint8Array) return { ...tensor, rawData: bytes };
  const length = elementCount(input.shape) * bytesPerElement[input.type];
  return { ...tensor, ...externalLocation(bytes.location, bytes.offset, length) };
}

function valueInfo(value: Value, name: string, axes: readonly (number | string)[] = value.shape) {
  const dim = axes.map((extent) => ({
    value:
      typeof extent === 'number'
        ? { case: 'dimValue' as const, value: BigInt(extent) }
        : { case: 'dimParam' as const, value: extent },
  }));
  return {
    name,
    type: {
      value: { case: 'tensorType' as const, value: { elemType: onnxTypes[value.type], shape: { dim } } },
    },
  };
}

function attributeProto(name: string, attribute: Attribute): MessageInitShape<typeof AttributeProtoSchema> {
  if ('int' in attribute) return { name, type: AttributeProto_AttributeType.INT, i: BigInt(attribute.int) };
  if ('ints' in attribute)
    return { name, type: AttributeProto_AttributeType.INTS, ints: attribute.ints.map(BigInt) };
  if ('float' in attribute) return { name, type: AttributeProto_AttributeType.FLOAT, f: attribute.float };
  return { name, type: AttributeProto_AttributeType.STRING, s: new TextEncoder().encode(attribute.string) };
}
