import { fromBinary, toBinary } from '@bufbuild/protobuf';
import * as onnxruntime from 'onnxruntime-node';

import { allocate, type DataArray, type DataType, elementCount } from '../../graph/data-type.ts';
import { ModelProtoSchema } from '../../graph/onnx_pb.js';
import { prefersMatrixConv } from '../capabilities.ts';
import { configEntries } from '../config-entries.ts';
import { graphRefused, runFailed } from '../errors.ts';
import type {
  BoundRun,
  HostTensor,
  Provider,
  Runtime,
  Session,
  SessionOptions,
  Slot,
  Tensor,
  TensorMap,
} from '../runtime.ts';
import { checkBinding, checkData, tensorData } from '../signature.ts';

export interface NodeRuntimeOptions {
  readonly provider: Provider;
  /** Threads for one operator; 0 leaves it to ONNX Runtime. */
  readonly threads: number;
  readonly description: string;
  /** Number of CUDA's GPU; default 0. */
  readonly gpu?: number | undefined;
}

/** As onnxruntime-node names the providers. */
const providerNames: Readonly<Record<Provider, string>> = {
  cuda: 'cuda',
  directml: 'dml',
  webgpu: 'webgpu',
  cpu: 'cpu',
};

/**
 * ONNX Runtime through onnxruntime-node's own `run`: tensors are JavaScript arrays on every provider, and cross the
 * bus with every run on all but the CPU. A run blocks the event loop.
 */
export function createNodeRuntime({ provider, threads, description, gpu }: NodeRuntimeOptions): Runtime {
  const sessions = new Set<Session>();
  let disposal: Promise<void> | null = null;
  const checkOpen = (): void => {
    if (disposal) throw new Error('The runtime was disposed.');
  };
  return {
    provider,
    api: 'node',
    description,
    threads,
    runsInPlace: true,
    tensorsAreArrays: true,
    prefersMatrixConv: prefersMatrixConv(provider),
    keepsOrder: false,
    captures: false,
    // A run holds up the event loop, so that the next begins when it has ended.
    runsSideBySide: false,
    createSession: async (model, options = {}) => {
      checkOpen();
      const session = nodeSession(await openSession({ provider, gpu, threads }, model, options), () =>
        sessions.delete(session),
      );
      sessions.add(session);
      return session;
    },
    tensor: (type, shape, data) => {
      checkOpen();
      return arrayTensor(type, shape, tensorData(type, shape, data));
    },
    dispose: () => {
      disposal ??= Promise.all([...sessions].map((session) => session.dispose())).then(() => undefined);
      return disposal;
    },
  };
}

async function openSession(
  { provider, gpu = 0, threads }: Pick<NodeRuntimeOptions, 'provider' | 'gpu' | 'threads'>,
  model: Uint8Array<ArrayBuffer> | string,
  options: SessionOptions,
): Promise<onnxruntime.InferenceSession> {
  const intraOpNumThreads = options.threads ?? threads;
  const { named, externalData } = nameInitializers(model, options.initializers ?? {});
  try {
    // Told apart for the types of `create`, which has one signature for paths and another for bytes.
    const create = (settings: onnxruntime.InferenceSession.SessionOptions) =>
      typeof named === 'string'
        ? onnxruntime.InferenceSession.create(named, settings)
        : onnxruntime.InferenceSession.create(named, settings);
    return await create({
      executionProviders: [provider === 'cuda' ? { name: 'cuda', deviceId: gpu } : providerNames[provider]],
      graphOptimizationLevel: options.optimize === false ? 'disabled' : 'all',
      logSeverityLevel: 4,
      enableCpuMemArena: options.arena ?? true,
      ...(intraOpNumThreads > 0 && { intraOpNumThreads }),
      ...(externalData.length > 0 && { externalData }),
      ...(options.profile !== undefined && { enableProfiling: true, profileFilePrefix: options.profile }),
      extra: configEntries(options),
    });
  } catch (error) {
    throw error instanceof Error ? graphRefused(error) : error;
  }
}

/** onnxruntime-node gives initializers by the file they are said to lie in: every one gets a file of its own. */
function nameInitializers(
  model: Uint8Array<ArrayBuffer> | string,
  initializers: Readonly<Record<string, HostTensor>>,
): { named: Uint8Array<ArrayBuffer> | string; externalData: { path: string; data: Uint8Array }[] } {
  const given = Object.entries(initializers);
  if (given.length === 0) return { named: model, externalData: [] };
  if (typeof model === 'string') throw new Error('Initializers are given to a model in memory alone.');
  const message = fromBinary(ModelProtoSchema, model);
  const known = new Map(message.graph?.initializer.map((initializer) => [initializer.name, initializer]));
  const externalData = given.map(([name, { type, shape, data }], i) => {
    checkData(type, shape, data);
    const path = `initializer-${i}`;
    const initializer = known.get(name);
    if (!initializer) throw new Error(`The model has no initializer ${name}.`);
    initializer.externalData = Object.entries({
      location: path,
      offset: '0',
      length: String(data.byteLength),
    }).map(([key, value]) => ({ $typeName: 'onnx.StringStringEntryProto', key, value }));
    return { path, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
  });
  return { named: toBinary(ModelProtoSchema, message), externalData };
}

interface ArrayTensor extends Tensor {
  /** The same array as onnxruntime-node wants it; throws once disposed. */
  value(): onnxruntime.Tensor;
}

function arrayTensor(type: DataType, shape: readonly number[], data: DataArray): ArrayTensor {
  let value: onnxruntime.Tensor | null = onnxTensor(type, shape, data);
  const living = (): onnxruntime.Tensor => {
    if (value === null) throw new Error('The tensor was disposed.');
    return value;
  };
  return {
    type,
    shape: [...shape],
    value: living,
    write: (source) => {
      living();
      checkData(type, shape, source);
      data.set(source as never);
    },
    // What is thrown within rejects: a wrong array.
    writeInTurn: (source) =>
      new Promise((resolve) => {
        living();
        checkData(type, shape, source);
        data.set(source as never);
        resolve();
      }),
    read: (into) =>
      new Promise((resolve) => {
        living();
        checkData(type, shape, into);
        into.set(data as never);
        resolve(into);
      }),
    dispose: () => {
      value = null;
    },
  };
}

/** Over `data` itself. */
function onnxTensor(type: DataType, shape: readonly number[], data: DataArray): onnxruntime.Tensor {
  if (type !== 'float16') return new onnxruntime.Tensor(type, data as never, shape);
  // Where JavaScript has Float16Array, the package makes one of `data`, which its own native half does not know.
  const bits = new onnxruntime.Tensor('uint16', data as Uint16Array, shape);
  return Object.assign(bits, { type });
}

function nodeSession(session: onnxruntime.InferenceSession, onDispose: () => void): Session {
  const inputSlots = session.inputMetadata.map(slot);
  const outputSlots = session.outputMetadata.map(slot);
  const running = new Set<Promise<unknown>>();
  let disposal: Promise<void> | null = null;
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    inputs: inputSlots,
    outputs: outputSlots,
    bind: (inputs, outputs) => {
      if (disposal) throw new Error('The session was disposed.');
      checkBinding(inputSlots, outputSlots, inputs, outputs);
      return bind(session, inputs, outputs, running);
    },
    run: async (inputs, outputs) => {
      if (disposal) throw new Error('The session was disposed.');
      checkBinding(inputSlots, outputSlots, inputs, {});
      const run = session.run(values(inputs), outputs);
      running.add(run);
      try {
        const given = await run;
        const tensors = outputs.map((name) => [name, copyOf(name, given[name]!)]);
        return Object.fromEntries(tensors) as Record<(typeof outputs)[number], HostTensor>;
      } catch (error) {
        throw error instanceof Error ? runFailed(error) : error;
      } finally {
        running.delete(run);
      }
    },
    dispose: () => {
      disposal ??= (async () => {
        await Promise.allSettled(running);
        await session.release();
        onDispose();
      })();
      return disposal;
    },
  };
}

function bind(
  session: onnxruntime.InferenceSession,
  inputs: TensorMap,
  outputs: TensorMap,
  running: Set<Promise<unknown>>,
): BoundRun {
  let feeds = values(inputs);
  let fetches = values(outputs);
  let disposed = false;
  let busy: Promise<void> | null = null;
  const runNow = async (): Promise<void> => {
    const run = session.run(feeds, fetches);
    running.add(run);
    try {
      await run;
    } catch (error) {
      throw error instanceof Error ? runFailed(error) : error;
    } finally {
      running.delete(run);
    }
  };
  const runInTurn = async (): Promise<void> => {
    if (disposed) throw new Error('The bound run was disposed.');
    const own = busy === null ? runNow() : busy.catch(() => undefined).then(runNow);
    busy = own;
    try {
      await own;
    } finally {
      if (busy === own) busy = null;
    }
  };
  return {
    run: async () => {
      if (busy) throw new Error('The bound run is already running.');
      await runInTurn();
    },
    runInTurn,
    dispose: () => {
      disposed = true;
      feeds = {};
      fetches = {};
    },
  };
}

function values(tensors: TensorMap): Record<string, onnxruntime.Tensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, (tensor as ArrayTensor).value()]),
  );
}

function copyOf(name: string, tensor: onnxruntime.Tensor): HostTensor {
  const type = dataTypes[tensor.type];
  if (type === undefined) throw new Error(`The output ${name} is of a type that is not read.`);
  const shape = [...tensor.dims];
  const data = allocate(type, elementCount(shape));
  const { buffer, byteOffset } = tensor.data as Exclude<typeof tensor.data, string[]>;
  new Uint8Array(data.buffer).set(new Uint8Array(buffer, byteOffset, data.byteLength));
  return { type, shape, data };
}

const dataTypes: Partial<Record<string, DataType>> = {
  float32: 'float32',
  float16: 'float16',
  int64: 'int64',
  int32: 'int32',
  uint8: 'uint8',
  bool: 'bool',
};

function slot(metadata: onnxruntime.InferenceSession.ValueMetadata): Slot {
  if (!metadata.isTensor) return { name: metadata.name, type: null, shape: null };
  return {
    name: metadata.name,
    type: dataTypes[metadata.type] ?? null,
    shape: metadata.shape.map((extent) => (typeof extent === 'number' ? extent : -1)),
  };
}

/** `1.30.0` */
export function nodeRuntimeVersion(): string {
  return onnxruntime.env.versions.node ?? 'of unknown version';
}
