import { type DataArray, type DataType, onnxTypes } from '../../graph/data-type.ts';
import type { Tensor } from '../runtime.ts';
import { checkData } from '../signature.ts';
import type { Device } from './device.ts';
import type { Ort, Pointer } from './library.ts';

/** A tensor ONNX Runtime can be handed. */
export interface OrtTensor extends Tensor {
  /** Its `OrtValue`; throws once disposed. */
  value(): Pointer;
}

/** Int64 extents, as C wants shapes. */
export function dimensions(shape: readonly number[]): BigInt64Array<ArrayBuffer> {
  return BigInt64Array.from(shape, BigInt);
}

/**
 * An `OrtValue` over `data` itself, nothing copied; it must be kept alive and not be transferred while the value
 * lives. Passing an array to C makes V8 move small ones, which begin on its own heap, to where they never move
 * again; from then on their address is good for as long as the array lives.
 */
export function valueOver(
  ort: Ort,
  hostMemory: Pointer,
  type: DataType,
  shape: readonly number[],
  data: DataArray,
): Pointer {
  checkData(type, shape, data);
  return ort.create(
    'Value',
    'CreateTensorWithDataAsOrtValue',
    hostMemory,
    data,
    data.byteLength,
    dimensions(shape),
    shape.length,
    onnxTypes[type],
  );
}

/** A tensor that is a JavaScript array, for the CPU provider. */
export function hostTensor(
  ort: Ort,
  hostMemory: Pointer,
  type: DataType,
  shape: readonly number[],
  data: DataArray,
): OrtTensor {
  let value: Pointer | null = valueOver(ort, hostMemory, type, shape, data);
  return {
    type,
    shape: [...shape],
    value: () => living(value),
    write: (source) => {
      living(value);
      checkData(type, shape, source);
      data.set(source as never);
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- async, so that a wrong array rejects
    read: async (into) => {
      living(value);
      checkData(type, shape, into);
      into.set(data as never);
      return into;
    },
    dispose: () => {
      if (value !== null) ort.release('Value', value);
      value = null;
    },
  };
}

/** A tensor in memory that ONNX Runtime takes from the device's allocator; its contents are not set. */
export function deviceTensor(
  ort: Ort,
  hostMemory: Pointer,
  device: Device,
  type: DataType,
  shape: readonly number[],
  onDispose: () => void,
): OrtTensor {
  let value: Pointer | null = ort.create(
    'Value',
    'CreateTensorAsOrtValue',
    device.allocator,
    dimensions(shape),
    shape.length,
    onnxTypes[type],
  );
  return {
    type,
    shape: [...shape],
    value: () => living(value),
    write: (source) => {
      const from = valueOver(ort, hostMemory, type, shape, source);
      try {
        device.copy(type, from, living(value));
      } finally {
        ort.release('Value', from);
      }
    },
    read: async (into) => {
      const to = valueOver(ort, hostMemory, type, shape, into);
      try {
        await device.copyAsync(type, living(value), to);
      } finally {
        ort.release('Value', to);
      }
      return into;
    },
    dispose: () => {
      if (value === null) return;
      ort.release('Value', value);
      value = null;
      onDispose();
    },
  };
}

function living(value: Pointer | null): Pointer {
  if (value === null) throw new Error('The tensor was disposed.');
  return value;
}
