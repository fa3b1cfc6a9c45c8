import { captureRefused, runFailed } from '../errors.ts';
import { koffi } from '../foreign-functions.ts';
import type { BoundRun, Session, Slot, TensorMap } from '../runtime.ts';
import { checkBinding } from '../signature.ts';
import { inputMemory, memoryName } from './device.ts';
import { type Ort, OrtError, type Pointer } from './library.ts';
import { runOnce } from './run-once.ts';
import type { OrtTensor } from './tensor.ts';
import { typeAndShape } from './type-and-shape.ts';

export interface SessionParts {
  readonly pointer: Pointer;
  /** Values that its initializers lie in. */
  readonly initializers: readonly Pointer[];
  readonly hostMemory: Pointer;
  /** ONNX Runtime's name of the memory the runtime's tensors are in; `null` for the host's. */
  readonly deviceMemory: string | null;
  /** Whether it is captured, so that it is run by one binding alone. */
  readonly captured: boolean;
  /** Whether the host waits after each run for what it gives, on a device. */
  readonly waits: boolean;
  readonly run: RunBinding;
}

/** Runs a session by a binding. */
export type RunBinding = (session: Pointer, binding: Pointer) => Promise<void>;

/** A session over an `OrtSession`, which it owns from here on. `enter` runs one thing at a time where needed. */
export function cApiSession(
  ort: Ort,
  { pointer, initializers, hostMemory, deviceMemory, captured, waits, run: runBinding }: SessionParts,
  enter: <R>(run: () => Promise<R>) => Promise<R>,
  onDispose: () => void,
): Session {
  const inputSlots = slots(ort, pointer, 'Input');
  const outputSlots = slots(ort, pointer, 'Output');
  const elsewhere =
    deviceMemory === null ? new Set<string>() : inputsElsewhere(ort, pointer, inputSlots, deviceMemory);
  const bound = new Set<{ release: () => Promise<void> }>();
  let disposal: Promise<void> | null = null;
  let wasBound = false;

  return {
    inputNames: inputSlots.map(({ name }) => name),
    outputNames: outputSlots.map(({ name }) => name),
    inputs: inputSlots,
    outputs: outputSlots,
    bind: (inputs, outputs) => {
      if (disposal) throw new Error('The session was disposed.');
      checkBinding(inputSlots, outputSlots, inputs, outputs);
      if (captured && wasBound) throw new Error('A session that is captured has one binding alone.');
      if (captured && elsewhere.size > 0)
        throw captureRefused(`${[...elsewhere].join(', ')} is read by the host`);
      wasBound = true;
      const parts = { pointer, elsewhere, waits: waits && deviceMemory !== null, runBinding };
      const run = bind(ort, parts, inputs, outputs, enter, () => bound.delete(run));
      bound.add(run);
      return run;
    },
    run: async (inputs, outputs) => {
      if (disposal) throw new Error('The session was disposed.');
      checkBinding(inputSlots, outputSlots, inputs, {});
      if (captured) throw new Error('A session that is captured is run by its binding.');
      const { promise, resolve } = Promise.withResolvers<null>();
      const underWay = { release: () => promise.then(() => undefined) };
      bound.add(underWay);
      try {
        return await enter(() => runOnce(ort, pointer, hostMemory, inputs, outputs));
      } finally {
        resolve(null);
        bound.delete(underWay);
      }
    },
    dispose: () => {
      disposal ??= (async () => {
        await Promise.all([...bound].map((run) => run.release()));
        ort.release('Session', pointer);
        for (const value of initializers) ort.release('Value', value);
        onDispose();
      })();
      return disposal;
    },
  };
}

function bind(
  ort: Ort,
  {
    pointer: session,
    elsewhere,
    waits,
    runBinding,
  }: {
    readonly pointer: Pointer;
    readonly elsewhere: ReadonlySet<string>;
    readonly waits: boolean;
    readonly runBinding: RunBinding;
  },
  inputs: TensorMap,
  outputs: TensorMap,
  enter: <R>(run: () => Promise<R>) => Promise<R>,
  onRelease: () => void,
): BoundRun & { release: () => Promise<void> } {
  // Kept by name: an IO binding holds the values, but nobody else the arrays they lie over.
  let tensors: readonly (readonly [string, OrtTensor])[] = Object.entries(inputs) as [string, OrtTensor][];
  let fetched: readonly (readonly [string, OrtTensor])[] = Object.entries(outputs) as [string, OrtTensor][];
  const binding = ort.create('IoBinding', 'CreateIoBinding', session);
  const late = tensors.filter(([name]) => elsewhere.has(name));
  try {
    for (const [name, tensor] of tensors) ort.call('BindInput', binding, name, tensor.value());
    for (const [name, tensor] of fetched) ort.call('BindOutput', binding, name, tensor.value());
  } catch (error) {
    ort.release('IoBinding', binding);
    throw error;
  }
  let running: Promise<void> | null = null;
  let released = false;

  const runOnce = async (): Promise<void> => {
    try {
      // Binding copies what a node reads on another device than its tensor's, once; so it has to be bound anew.
      for (const [name, tensor] of late) ort.call('BindInput', binding, name, tensor.value());
      await runBinding(session, binding);
      if (waits) await ort.callAsync('SynchronizeBoundOutputs', binding);
    } catch (error) {
      throw error instanceof OrtError ? runFailed(error) : error;
    }
  };
  const release = async (): Promise<void> => {
    if (released) return;
    released = true;
    // Without a run under way, everything is given back before this function first pauses.
    if (running) await running.catch(() => undefined);
    ort.release('IoBinding', binding);
    tensors = [];
    fetched = [];
    onRelease();
  };
  const runInTurn = async (): Promise<void> => {
    if (released) throw new Error('The bound run was disposed.');
    const before = running;
    const own = enter(async () => {
      await before?.catch(() => undefined);
      await runOnce();
    });
    running = own;
    try {
      await own;
    } finally {
      if (running === own) running = null;
    }
  };
  return {
    run: async () => {
      if (running) throw new Error('The bound run is already running.');
      await runInTurn();
    },
    runInTurn,
    dispose: () => void release(),
    release,
  };
}

function slots(ort: Ort, session: Pointer, kind: 'Input' | 'Output'): Slot[] {
  const count = new BigUint64Array(1);
  ort.call(`SessionGet${kind}Count`, session, count);
  const allocator = ort.get('GetAllocatorWithDefaultOptions');
  return Array.from({ length: Number(count[0]) }, (_, index) => {
    const text = ort.get(`SessionGet${kind}Name`, session, index, allocator);
    const name = koffi.decode.string(text);
    ort.call('AllocatorFree', allocator, text);
    const info = ort.get(`SessionGet${kind}TypeInfo`, session, index);
    try {
      const tensorInfo = ort.get('CastTypeInfoToTensorInfo', info);
      if (tensorInfo === 0n) return { name, type: null, shape: null };
      return { name, ...typeAndShape(ort, tensorInfo) };
    } finally {
      ort.call('ReleaseTypeInfo', info);
    }
  });
}

/** Names of inputs that are read in other memory than the provider's, such as by a node it has no kernel for. */
function inputsElsewhere(
  ort: Ort,
  session: Pointer,
  inputSlots: readonly Slot[],
  deviceMemory: string,
): Set<string> {
  const infos = inputMemory(ort, session, inputSlots.length);
  const names = inputSlots.filter((_, i) => memoryName(ort, infos[i]!) !== deviceMemory);
  return new Set(names.map(({ name }) => name));
}
