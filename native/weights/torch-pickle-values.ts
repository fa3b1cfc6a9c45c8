/** What a pickle of PyTorch's can hold here. Nothing in it is an object of a class: what a class made is named, not made. */
import type { SafetensorsDtype } from './safetensors-header.ts';

export interface PickledTuple {
  readonly kind: 'tuple';
  readonly items: readonly PickleValue[];
}

/** Something of a class that is allowed and not needed: a learning rate as numpy keeps it, what a callback remembers. */
export interface OpaqueObject {
  readonly kind: 'opaque';
  /** Of its class: `numpy.core.multiarray.scalar`. */
  readonly name: string;
  /** What the pickle would set it up with. */
  state: PickleValue;
}

/** A class or function of the closed list. `call` says what stands for its result; it runs nothing from the file. */
export interface PickledCallable {
  readonly kind: 'callable';
  readonly name: string;
  readonly call: (args: readonly PickleValue[]) => PickleValue;
}

export interface PickledDtype {
  readonly kind: 'dtype';
  readonly dtype: SafetensorsDtype;
}

export interface PickledStorageType {
  readonly kind: 'storage-type';
  /** Null for storages of bytes, whose tensors name their type themselves. */
  readonly dtype: SafetensorsDtype | null;
}

/** A run of numbers in the archive, which tensors look at. */
export interface PickledStorage {
  readonly kind: 'storage';
  /** Its file is `data/<key>`. */
  readonly key: string;
  readonly dtype: SafetensorsDtype | null;
  /** Bytes it has by the pickle's word. */
  readonly bytes: number;
}

/** A view of a storage; offset and strides count elements. */
export interface PickledTensor {
  readonly kind: 'tensor';
  readonly storage: PickledStorage;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

export type PickledObject =
  | PickledTuple
  | OpaqueObject
  | PickledCallable
  | PickledDtype
  | PickledStorageType
  | PickledStorage
  | PickledTensor;

export type PickleDict = Map<PickleValue, PickleValue>;

export type PickleValue =
  null | boolean | number | bigint | string | Uint8Array | PickleValue[] | PickleDict | PickledObject;

/** The value where it is of one of these kinds, else undefined. */
export function ofKind<K extends PickledObject['kind']>(
  value: PickleValue | undefined,
  kind: K,
): Extract<PickledObject, { readonly kind: K }> | undefined {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind
    ? (value as Extract<PickledObject, { readonly kind: K }>)
    : undefined;
}
