import { Failure } from '../../failure.ts';
import { configEntries } from '../config-entries.ts';
import { physicalCores } from '../physical-cores.ts';
import { type DeviceTuning, type Provider, providerLabels, type SessionOptions } from '../runtime.ts';
import { fatalOnly, optimizeAll, optimizeNothing } from './functions.ts';
import { type Ort, OrtError, type Pointer } from './library.ts';
import { valueOver } from './value-over.ts';

/** `OrtSessionOptions`, and the values it points to, which must live as long as the session made with it. */
export interface OrtSessionOptions {
  readonly pointer: Pointer;
  readonly values: readonly Pointer[];
}

/** What all sessions of a runtime run on. */
export interface SessionPlace {
  readonly provider: Provider;
  /** Threads for one operator; 0 leaves it to ONNX Runtime. */
  readonly threads: number;
  readonly tuning?: DeviceTuning;
  /** Number of CUDA's GPU; default 0. */
  readonly gpu?: number;
  /** CUDA's stream for all sessions, a `cudaStream_t`; left out, each has its own. */
  readonly stream?: Pointer;
}

/** Throws `provider-unavailable` where the provider does not start; nothing is then left over. */
export function sessionOptions(
  ort: Ort,
  hostMemory: Pointer,
  { provider, threads, tuning = {}, gpu = 0, stream }: SessionPlace,
  options: SessionOptions,
): OrtSessionOptions {
  const values: Pointer[] = [];
  const pointer = ort.create('SessionOptions', 'CreateSessionOptions');
  try {
    const level = options.optimize === false ? optimizeNothing : optimizeAll;
    ort.call('SetSessionGraphOptimizationLevel', pointer, level);
    ort.call('SetSessionLogSeverityLevel', pointer, fatalOnly);
    if (options.byTurns && sharesThreads(ort, options.threads ?? threads))
      ort.call('DisablePerSessionThreads', pointer);
    else ort.call('SetIntraOpNumThreads', pointer, options.threads ?? threads);
    ort.call('SetDeterministicCompute', pointer, tuning.deterministic ?? true);
    if (!plansMemory(provider, tuning, options)) ort.call('DisableMemPattern', pointer);
    if (options.profile !== undefined) ort.call('EnableProfiling', pointer, options.profile);
    if (options.arena === false) ort.call('DisableCpuMemArena', pointer);
    for (const [key, value] of Object.entries(configEntries(options))) {
      ort.call('AddSessionConfigEntry', pointer, key, value);
    }
    try {
      appendProvider(ort, provider, pointer, tuning, gpu, captures(tuning, options), stream);
    } catch (error) {
      throw error instanceof OrtError ? providerRefused(provider, error) : error;
    }
    const initializers = Object.entries(options.initializers ?? {});
    for (const [, { type, shape, data }] of initializers) {
      values.push(valueOver(ort, hostMemory, type, shape, data));
    }
    if (initializers.length > 0) {
      const names = initializers.map(([name]) => name);
      ort.call('AddExternalInitializers', pointer, names, BigUint64Array.from(values), names.length);
    }
    return { pointer, values };
  } catch (error) {
    for (const value of values) ort.release('Value', value);
    ort.release('SessionOptions', pointer);
    throw error;
  }
}

/** Where another than `loadOrt` made the process's `OrtEnv`: onnxruntime-node's own binding does, where it was loaded first. */
const withoutSharedThreads = new WeakSet<Ort>();

function sharesThreads(ort: Ort, threads: number): boolean {
  return threads === physicalCores() && !withoutSharedThreads.has(ort);
}

/**
 * Whether a session takes all memory of a run at once, by a plan that its first run makes. Then what the first run took tensor by
 * tensor stays beside it: measured on the processor, of stages that share an arena up to twice as much and no faster, and of a
 * whole step of Stable Diffusion 1.x at 512 px 16.9 GiB rather than 10.4, as fast. A step of `seedling`'s size is a sixth faster with it.
 * CUDA's arena is the same one, and a card has less memory.
 */
function plansMemory(
  provider: Provider,
  tuning: DeviceTuning,
  { byTurns = false, tensorByTensor = byTurns }: SessionOptions,
): boolean {
  return tuning.memoryPattern ?? !(tensorByTensor && (provider === 'cpu' || provider === 'cuda'));
}

/** Whether a session was refused because there are no threads to share, which the next is then not asked to. */
export function lackedSharedThreads(ort: Ort, error: OrtError): boolean {
  if (!error.message.includes('EnvCreatedWithGlobalThreadPools')) return false;
  withoutSharedThreads.add(ort);
  return true;
}

/** Whether a session is captured by a runtime of this tuning. */
export function captures({ cudaGraphs = false }: DeviceTuning, { capture = false }: SessionOptions): boolean {
  return cudaGraphs && capture;
}

const cudaOptions: Readonly<Record<string, string>> = {
  arena_extend_strategy: 'kSameAsRequested',
};

function appendProvider(
  ort: Ort,
  provider: Provider,
  options: Pointer,
  { tf32 = false, convSearch = 'heuristic' }: DeviceTuning,
  gpu: number,
  capture: boolean,
  stream: Pointer | undefined,
): void {
  switch (provider) {
    case 'cpu':
      return;
    case 'webgpu':
      ort.call('SessionOptionsAppendExecutionProvider', options, 'WebGPU', [], [], 0);
      return;
    case 'directml':
      // DirectML supports neither memory patterns nor running nodes side by side.
      ort.call('DisableMemPattern', options);
      // Outputs may be written over inputs only where it does not fuse nodes; its arena would round every tensor up to a power of two.
      ort.call('AddSessionConfigEntry', options, 'ep.dml.disable_graph_fusion', '1');
      ort.call('AddSessionConfigEntry', options, 'ep.dml.disable_memory_arena', '1');
      // The first adapter is often the one in the processor.
      ort.call(
        'SessionOptionsAppendExecutionProvider',
        options,
        'DML',
        ['performance_preference'],
        ['high_performance'],
        1,
      );
      return;
    case 'cuda': {
      const cuda = ort.get('CreateCUDAProviderOptions');
      try {
        const chosen = {
          ...cudaOptions,
          device_id: String(gpu),
          cudnn_conv_algo_search: convSearch.toUpperCase(),
          // ONNX Runtime shortens numbers unless it is told not to.
          use_tf32: tf32 ? '1' : '0',
          ...(capture && { enable_cuda_graph: '1' }),
          // An address, as text in decimals.
          ...(stream !== undefined && { has_user_compute_stream: '1', user_compute_stream: String(stream) }),
        };
        const keys = Object.keys(chosen);
        ort.call('UpdateCUDAProviderOptions', cuda, keys, Object.values(chosen), keys.length);
        ort.call('SessionOptionsAppendExecutionProvider_CUDA_V2', options, cuda);
      } finally {
        ort.call('ReleaseCUDAProviderOptions', cuda);
      }
    }
  }
}

function providerRefused(provider: Provider, error: OrtError): Failure {
  return new Failure(
    'provider-unavailable',
    `${providerLabels[provider]} does not start: ${error.message}`,
    'Choose another device: in the settings, or by --device.',
    error,
  );
}
