import { type DataArray, type DataType, onnxTypes } from '../../graph/data-type.ts';
import { tensorFailed } from '../errors.ts';
import type { Tensor } from '../runtime.ts';
import { checkData } from '../signature.ts';
import type { Device } from './device.ts';
import { type Ort, OrtError, type Pointer } from './library.ts';
import { dimensions, valueOver } from './value-over.ts';

/** A tensor ONNX Runtime can be handed. */
export interface OrtTensor extends Tensor {
  /** Its `OrtValue`; throws once disposed. */
  value(): Pointer;
}

/** One in a device's memory. */
export interface DeviceTensor extends OrtTensor {
  /** Sets all of it to zero, on the device. */
  clear(): void;
  /** As `dispose`; resolves when its memory is given back, which is not before what was begun with it is over. */
  release(): Promise<void>;
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
    // What is thrown within rejects: a wrong array.
    writeInTurn: (source) =>
      new Promise((resolve) => {
        living(value);
        checkData(type, shape, source);
        data.set(source as never);
        resolve();
      }),
    read: (into) =>
      new Promise((resolve) => {
        living(value);
        checkData(type, shape, into);
        into.set(data as never);
        resolve(into);
      }),
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
): DeviceTensor {
  let value: Pointer | null = told(() =>
    ort.create(
      'Value',
      'CreateTensorAsOrtValue',
      device.allocator,
      dimensions(shape),
      shape.length,
      onnxTypes[type],
    ),
  );
  const crossings = new Set<Promise<void>>();
  const cross = async (data: DataArray, copy: (host: Pointer) => Promise<void>): Promise<void> => {
    const host = valueOver(ort, hostMemory, type, shape, data);
    let crossing: Promise<void> | null = null;
    try {
      crossing = copy(host);
      crossings.add(crossing);
      await crossing;
    } catch (error) {
      throw error instanceof OrtError ? tensorFailed(error) : error;
    } finally {
      if (crossing !== null) crossings.delete(crossing);
      ort.release('Value', host);
    }
  };
  let released: Promise<void> | null = null;
  const release = (): Promise<void> =>
    (released ??= (async () => {
      const own = living(value);
      value = null;
      // Without any under way, it is given back before this function first pauses.
      if (crossings.size > 0) await Promise.allSettled(crossings);
      ort.release('Value', own);
      onDispose();
    })());
  return {
    type,
    shape: [...shape],
    value: () => living(value),
    clear: () => {
      told(() => {
        device.clear(type, shape, living(value));
      });
    },
    writeInTurn: (source) => cross(source, (host) => device.copyAsync(type, host, living(value))),
    write: (source) => {
      const from = valueOver(ort, hostMemory, type, shape, source);
      try {
        told(() => {
          device.copy(type, from, living(value));
        });
      } finally {
        ort.release('Value', from);
      }
    },
    read: async (into) => {
      await cross(into, (host) => device.copyAsync(type, living(value), host));
      return into;
    },
    dispose: () => void release(),
    release,
  };
}

/** Calls ONNX Runtime; what it refuses is told as a `Failure`. */
function told<R>(call: () => R): R {
  try {
    return call();
  } catch (error) {
    throw error instanceof OrtError ? tensorFailed(error) : error;
  }
}

function living(value: Pointer | null): Pointer {
  if (value === null) throw new Error('The tensor was disposed.');
  return value;
}
