import { Failure } from '../../failure.ts';
import { type DataType, elementCount } from '../../graph/data-type.ts';
import { prefersMatrixConv } from '../capabilities.ts';
import type { HostTensor, Runtime, Session, SessionOptions } from '../runtime.ts';
import { checkShape, tensorData } from '../signature.ts';
import { type CudaStream, openCudaStream } from './cuda-stream.ts';
import { type Device, openDevice } from './device.ts';
import { defaultMemory, deviceAllocator } from './functions.ts';
import { loadOrt, type Ort, type Pointer } from './library.ts';
import { oneThread } from './one-thread.ts';
import { openSession } from './open-session.ts';
import { cApiSession, type RunBinding } from './session.ts';
import { captures, type SessionPlace } from './session-options.ts';
import { type DeviceTensor, deviceTensor, hostTensor } from './tensor.ts';

export interface CApiRuntimeOptions extends SessionPlace {
  readonly description: string;
  /** Path of the ONNX Runtime to go by; left out, the one that onnxruntime-node brings. */
  readonly library?: string;
}

/**
 * Whether zeros are made on a device rather than sent there. Of a few, a session that makes them takes longer to open; and WebGPU has
 * no others than these.
 */
function madeThere(type: DataType, shape: readonly number[]): boolean {
  return (type === 'float32' || type === 'float16') && elementCount(shape) > 65_536;
}

/**
 * ONNX Runtime through its C API. Throws a `Failure` where the library or the provider can't be had.
 */
export async function createCApiRuntime(options: CApiRuntimeOptions): Promise<Runtime> {
  const ort = loadOrt(options.library);
  const sharesStream = options.provider === 'cuda' && options.tuning?.oneStream;
  const stream = sharesStream ? openCudaStream(options.gpu ?? 0) : null;
  const here = { ...options, ...(stream && { stream: stream.pointer }) };
  const hostMemory = ort.create('MemoryInfo', 'CreateCpuMemoryInfo', deviceAllocator, defaultMemory);
  try {
    const device = here.provider === 'cpu' ? null : await openDevice(ort, hostMemory, here.provider, here);
    return runtimeOn(ort, hostMemory, device, here, () => {
      giveBack(stream);
    });
  } catch (error) {
    ort.release('MemoryInfo', hostMemory);
    giveBack(stream);
    throw error;
  }
}

/** A stream that cannot be given back, as on a GPU that is lost, hides nothing that was thrown before. */
function giveBack(stream: CudaStream | null): void {
  try {
    stream?.close();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
}

function runtimeOn(
  ort: Ort,
  hostMemory: Pointer,
  device: Device | null,
  { description, ...place }: CApiRuntimeOptions,
  onDispose: () => void,
): Runtime {
  const { provider, threads } = place;
  // What each session's initializers lie over, kept for as long as the session lives.
  const sessions = new Map<Session, Readonly<Record<string, HostTensor>> | undefined>();
  const tensors = new Set<DeviceTensor>();
  const enter = device?.enter ?? ((run) => run());
  const thread = place.tuning?.cudaGraphs ? oneThread(ort.path) : null;
  const waits = !place.tuning?.oneStream;
  const runOptions = waits ? null : withoutWaiting(ort);
  const runWithBinding: RunBinding = async (session, binding) => {
    await ort.callAsync('RunWithBinding', session, runOptions, binding);
  };
  const runCaptured: RunBinding = async (session, binding) => {
    ort.check(await thread!.call(ort.addressOf('RunWithBinding'), session, null, binding));
  };
  let disposal: Promise<void> | null = null;
  const checkOpen = (): void => {
    if (disposal) throw new Error('The runtime was disposed.');
  };
  // Apart from what makes the session, whose functions would otherwise keep the model and the initializers for good.
  const openHere = (model: Uint8Array<ArrayBuffer> | string, options: SessionOptions) =>
    enter(() => openSession(ort, hostMemory, place, model, options));

  return {
    provider,
    api: 'c-api',
    description,
    threads,
    runsInPlace: true,
    tensorsAreArrays: device === null,
    prefersMatrixConv: prefersMatrixConv(provider),
    keepsOrder: device !== null,
    captures: thread !== null,
    runsSideBySide: device === null,
    createSession: async (model, options = {}) => {
      checkOpen();
      const opened = await openHere(model, options);
      const captured = captures(place.tuning ?? {}, options);
      const parts = {
        ...opened,
        hostMemory,
        deviceMemory: device?.memory ?? null,
        captured,
        waits: waits || captured,
        run: captured ? runCaptured : runWithBinding,
      };
      const session = cApiSession(ort, parts, enter, () => sessions.delete(session));
      sessions.set(session, options.initializers);
      return session;
    },
    tensor: (type, shape, data) => {
      checkOpen();
      if (device === null) return hostTensor(ort, hostMemory, type, shape, tensorData(type, shape, data));
      checkShape(shape);
      const tensor = deviceTensor(ort, hostMemory, device, type, shape, () => tensors.delete(tensor));
      tensors.add(tensor);
      if (data === undefined && madeThere(type, shape)) tensor.clear();
      else tensor.write(tensorData(type, shape, data));
      return tensor;
    },
    dispose: () => {
      disposal ??= (async () => {
        await Promise.all([...sessions.keys()].map((session) => session.dispose()));
        await Promise.all([...tensors].map((tensor) => tensor.release()));
        await device?.close();
        await thread?.end();
        if (runOptions !== null) ort.release('RunOptions', runOptions);
        ort.release('MemoryInfo', hostMemory);
        onDispose();
      })();
      return disposal;
    },
  };
}

/** Run options by which a run ends when all of it has been handed to the device. */
function withoutWaiting(ort: Ort): Pointer {
  const options = ort.create('RunOptions', 'CreateRunOptions');
  ort.call('AddRunConfigEntry', options, 'disable_synchronize_execution_providers', '1');
  return options;
}
