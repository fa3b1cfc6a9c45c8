import { create, toBinary } from '@bufbuild/protobuf';

import { Failure } from '../../failure.ts';
import { bytesPerElement, type DataType, onnxTypes } from '../../graph/data-type.ts';
import { ModelProtoSchema } from '../../graph/onnx_pb.js';
import { irVersion, opset } from '../../graph/opset.ts';
import { koffi } from '../foreign-functions.ts';
import { type Provider, providerLabels } from '../runtime.ts';
import { takingTurns } from '../turns.ts';
import type { Ort, Pointer } from './library.ts';
import { openSession, openSessionNow } from './open-session.ts';
import type { SessionPlace } from './session-options.ts';
import { dimensions, valueOver } from './value-over.ts';

/** Memory of a device other than the host, and the way across. */
export interface Device {
  /** ONNX Runtime's name of the device's memory. */
  readonly memory: string;
  /** Takes tensors' memory on the device. */
  readonly allocator: Pointer;
  /** Runs one thing on the device at a time, in order: not every provider bears two of its sessions side by side. */
  readonly enter: <R>(run: () => Promise<R>) => Promise<R>;
  /** Copies one value over another of the same type and shape, wherever they are. Throws while a run is under way. */
  copy(type: DataType, from: Pointer, to: Pointer): void;
  copyAsync(type: DataType, from: Pointer, to: Pointer): Promise<void>;
  /** Sets a value of the device to zeros there, so that none cross over. Throws while a run is under way. */
  clear(type: DataType, shape: readonly number[], value: Pointer): void;
  close(): Promise<void>;
}

/**
 * Opens the provider's device: makes one session that copies, and an allocator of that session's. Throws a `Failure`
 * where the provider can't be had.
 */
export async function openDevice(
  ort: Ort,
  hostMemory: Pointer,
  provider: Exclude<Provider, 'cpu'>,
  { gpu, stream }: Pick<SessionPlace, 'gpu' | 'stream'> = {},
): Promise<Device> {
  const sessions = new Map<string, Pointer>();
  const releaseSessions = (): void => {
    for (const session of sessions.values()) ort.release('Session', session);
  };
  let place: { memory: string; allocator: Pointer };
  const at = {
    provider,
    threads: 1,
    ...(gpu !== undefined && { gpu }),
    ...(stream !== undefined && { stream }),
  };
  // Each takes memory of the device for its libraries' handles: those of other types are opened when they are first needed.
  const opened = (kind: keyof typeof models, type: DataType): Pointer => {
    const name = `${kind} ${type}`;
    const known = sessions.get(name);
    if (known !== undefined) return known;
    const { pointer } = openSessionNow(ort, hostMemory, at, models[kind](type));
    sessions.set(name, pointer);
    return pointer;
  };
  try {
    const { pointer } = await openSession(ort, hostMemory, at, models.copy('float32'), {});
    sessions.set('copy float32', pointer);
    place = openAllocator(ort, pointer, provider);
  } catch (error) {
    releaseSessions();
    throw error;
  }
  const { memory, allocator } = place;
  const { enter, busy, idle } = takingTurns();
  const bound = (session: Pointer, from: Pointer, to: Pointer): Pointer => {
    const binding = ort.create('IoBinding', 'CreateIoBinding', session);
    try {
      ort.call('BindInput', binding, 'from', from);
      ort.call('BindOutput', binding, 'to', to);
      return binding;
    } catch (error) {
      ort.release('IoBinding', binding);
      throw error;
    }
  };
  const run = (session: Pointer, from: Pointer, to: Pointer): void => {
    if (busy()) throw new Error('A tensor on the device was written while a graph was running there.');
    const binding = bound(session, from, to);
    try {
      ort.call('RunWithBinding', session, null, binding);
      ort.call('SynchronizeBoundOutputs', binding);
    } finally {
      ort.release('IoBinding', binding);
    }
  };
  return {
    memory,
    allocator,
    enter,
    copy: (type, from, to) => {
      run(opened('copy', type), from, to);
    },
    copyAsync: (type, from, to) =>
      enter(async () => {
        const session = opened('copy', type);
        const binding = bound(session, from, to);
        try {
          await ort.callAsync('RunWithBinding', session, null, binding);
          await ort.callAsync('SynchronizeBoundOutputs', binding);
        } finally {
          ort.release('IoBinding', binding);
        }
      }),
    clear: (type, shape, value) => {
      const extents = valueOver(ort, hostMemory, 'int64', [shape.length], dimensions(shape));
      try {
        run(opened('clear', type), extents, value);
      } finally {
        ort.release('Value', extents);
      }
    },
    close: async () => {
      await idle();
      ort.release('Allocator', allocator);
      releaseSessions();
    },
  };
}

/** Where the session takes its input, and an allocator of that memory. */
function openAllocator(
  ort: Ort,
  session: Pointer,
  provider: Provider,
): { memory: string; allocator: Pointer } {
  const info = inputMemory(ort, session, 1)[0]!;
  const memory = memoryName(ort, info);
  if (memory !== hostMemoryName)
    return { memory, allocator: ort.create('Allocator', 'CreateAllocator', session, info) };
  throw new Failure(
    'provider-unavailable',
    `${providerLabels[provider]} has no memory of its own for tensors.`,
    'Choose another device: in the settings, or by --device.',
  );
}

/** What ONNX Runtime calls the memory that JavaScript shares. */
const hostMemoryName = 'Cpu';

/** `OrtMemoryInfo` of each input of a session: where its first reader wants it. */
export function inputMemory(ort: Ort, session: Pointer, count: number): BigUint64Array {
  const infos = new BigUint64Array(count);
  if (count > 0) ort.call('SessionGetMemoryInfoForInputs', session, infos, count);
  return infos;
}

export function memoryName(ort: Ort, info: Pointer): string {
  return koffi.decode.string(ort.get('MemoryInfoGetName', info));
}

/** Models of one node each, from `from` to `to`, of a type and any shape. */
const models = {
  copy: (type) => oneNode(type, { opType: 'Identity', input: ['from'], taken: type }),
  clear: (type) => oneNode(type, { opType: 'Expand', input: ['zero', 'from'], taken: 'int64' }),
} satisfies Readonly<Record<string, (type: DataType) => Uint8Array<ArrayBuffer>>>;

interface OneNode {
  readonly opType: string;
  readonly input: string[];
  /** The type of `from`. */
  readonly taken: DataType;
}

function oneNode(type: DataType, { opType, input, taken }: OneNode): Uint8Array<ArrayBuffer> {
  const typed = (elements: DataType) => ({
    value: { case: 'tensorType' as const, value: { elemType: onnxTypes[elements] } },
  });
  const zero = { name: 'zero', dataType: onnxTypes[type], rawData: new Uint8Array(bytesPerElement[type]) };
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(irVersion),
    opsetImport: [{ domain: '', version: BigInt(opset) }],
    graph: {
      name: 'one node',
      initializer: input.includes(zero.name) ? [zero] : [],
      node: [{ opType, input, output: ['to'] }],
      input: [{ name: 'from', type: typed(taken) }],
      output: [{ name: 'to', type: typed(type) }],
    },
  });
  return toBinary(ModelProtoSchema, model);
}
