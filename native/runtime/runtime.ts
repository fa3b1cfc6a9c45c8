import type { DataArray, DataType } from '../graph/data-type.ts';

/** Where a graph runs. The order is the order of preference. */
export const providers = ['cuda', 'directml', 'webgpu', 'cpu'] as const;
export type Provider = (typeof providers)[number];

/** Whether what a provider computes with lies in the machine's own memory. */
export function usesMainMemory(provider: Provider): boolean {
  return provider === 'cpu';
}

/** What people call them. */
export const providerLabels: Readonly<Record<Provider, string>> = {
  cuda: 'CUDA',
  directml: 'DirectML',
  webgpu: 'WebGPU',
  cpu: 'CPU',
};

/** Which way into ONNX Runtime serves: its C API with IO binding, or onnxruntime-node's own `run`. */
export type RuntimeApi = 'c-api' | 'node';

/** Which provider and which way into ONNX Runtime to use; left out, the best available. */
export interface DeviceChoice {
  readonly provider?: Provider;
  /** Of several for CUDA: its place (`00000000:01:00.0`) or its number; left out, the one with most free memory. */
  readonly gpu?: string;
  readonly api?: RuntimeApi;
  readonly threads?: number;
  /** CUDA: as in `DeviceTuning`. */
  readonly tf32?: boolean;
  readonly cudaGraphs?: boolean;
  readonly convSearch?: ConvSearch;
}

/** How cuDNN chooses the method of a convolution: by its model of the card, by trying all, or always the same one. */
export const convSearches = ['heuristic', 'exhaustive', 'default'] as const;
export type ConvSearch = (typeof convSearches)[number];

/** How a device computes, for comparing one way with another; left out, the way Screenfold trains. */
export interface DeviceTuning {
  /** CUDA: whether products of float32 numbers may be taken of their first 10 bits of fraction, which is faster; default false. */
  readonly tf32?: boolean;
  /** Whether only kernels run that give the same bits every time, where a provider has others too; default true. */
  readonly deterministic?: boolean;
  /**
   * CUDA: default `heuristic`, in every version, so that a resumed run computes as it did before: trying by stopwatch may choose
   * another method, and so other bits.
   */
  readonly convSearch?: ConvSearch;
  /** CUDA: whether sessions that ask for it are captured as CUDA graphs, and started by one launch; default false. */
  readonly cudaGraphs?: boolean;
  /**
   * Whether the host waits for the device only where it reads from it, and not after every run; CUDA's sessions then share a stream,
   * which keeps them in order. Default false.
   */
  readonly oneStream?: boolean;
  /** Whether a session's memory is laid out ahead from what its first run took; default: as the session has it. */
  readonly memoryPattern?: boolean;
}

/** What was found out about one provider on this machine. */
export interface ProviderStatus {
  readonly provider: Provider;
  readonly available: boolean;
  /** For a person: the device's name where it is available, else why it is not. */
  readonly reason: string;
}

/**
 * A dense tensor that lives wherever its runtime keeps it. Where `Runtime.tensorsAreArrays` it is the JavaScript array it
 * was made with, so nothing is copied; elsewhere it is device memory, and `write` and `read` are the only crossings.
 */
export interface Tensor {
  readonly type: DataType;
  readonly shape: readonly number[];
  /** Copies `data` (as many elements as the shape has) into the tensor. On a device only while nothing is under way there. */
  write(data: DataArray): void;
  /** The same after what was begun before it, where `Runtime.keepsOrder`; `data` stays as it is until this resolves. */
  writeInTurn(data: DataArray): Promise<void>;
  /** Copies the tensor into `into`, or into a new array. */
  read<A extends DataArray>(into: A): Promise<A>;
  dispose(): void;
}

export type TensorMap = Readonly<Record<string, Tensor>>;

/** Inputs and outputs fixed once, run many times: the form of every training and sampling step. */
export interface BoundRun {
  /** Resolves when every output has been written. The event loop stays free with the C API, not with `node`. */
  run(): Promise<void>;
  /** As `run`, which may not be called while it is under way; this waits for its turn. A session's own has it. */
  readonly runInTurn?: () => Promise<void>;
  dispose(): void;
}

/** What a session says of one of its inputs or outputs. */
export interface Slot {
  readonly name: string;
  /** `null` where it is no tensor of a type Screenfold knows. */
  readonly type: DataType | null;
  /** Extents, -1 where any will do; `null` where even the rank is open. */
  readonly shape: readonly number[] | null;
}

export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** The same with types and shapes, which of a model that comes from elsewhere nobody knows beforehand. */
  readonly inputs: readonly Slot[];
  readonly outputs: readonly Slot[];
  /**
   * Every graph input needs a tensor; outputs not named are not fetched. An output may be the very tensor of an
   * input where `Runtime.runsInPlace` says so. Throws where a name, type or shape does not fit.
   */
  bind(inputs: TensorMap, outputs: TensorMap): BoundRun;
  /** Runs once, for models whose outputs have shapes that only the run tells. Gives these outputs, copied. */
  run<N extends string>(inputs: TensorMap, outputs: readonly N[]): Promise<Readonly<Record<N, HostTensor>>>;
  dispose(): Promise<void>;
}

export interface SessionOptions {
  /**
   * Tensors to use as the model's initializers of these names, whose bytes are not in the model: constants to the
   * optimizer, so they are folded and pre-packed. They must not change while the session lives. In the model each is an
   * initializer stored as external data; what file and place it names does not matter.
   */
  readonly initializers?: Readonly<Record<string, HostTensor>>;
  /** Names of graph optimizers to switch off, as ONNX Runtime spells them: `CommonSubexpressionElimination`. */
  readonly disabledOptimizers?: readonly string[];
  /**
   * Whether ONNX Runtime rewrites the graph first; default true. Its passes take time by the product of nodes and
   * outputs, which an elementwise graph with thousands of outputs has nothing to gain from.
   */
  readonly optimize?: boolean;
  /** Threads for one operator; by default one per physical core. Matters to the CPU provider alone. */
  readonly threads?: number;
  /** Keep freed memory for reuse, by all such sessions of the process (faster), or give it back (smaller). Default true. */
  readonly arena?: boolean;
  /**
   * Whether memory is taken tensor by tensor rather than for a whole run at once, on the processor and CUDA. A large graph has less
   * at its most so, as fast; a small one is slower. Default: for sessions that run by turns.
   */
  readonly tensorByTensor?: boolean;
  /** Share threads and memory with all such sessions of the process, for those that run by turns. Default false. */
  readonly byTurns?: boolean;
  /**
   * Where `Runtime.captures`: its first binding is captured when that is first run, and replayed from then on. It may have no other,
   * and what its first run writes is written several times, so nothing may be kept that it adds to.
   */
  readonly capture?: boolean;
  /** Whether a graph is taken though the provider lacks an operator of it, which the processor then runs. Default true. */
  readonly cpuFallback?: boolean;
  /** Writes which operators ran where, and for how long, to a file that begins with this path, when the session ends. */
  readonly profile?: string;
}

/** A tensor in JavaScript's memory. */
export interface HostTensor {
  readonly type: DataType;
  readonly shape: readonly number[];
  readonly data: DataArray;
}

export interface Runtime {
  readonly provider: Provider;
  readonly api: RuntimeApi;
  /** For a person: `ONNX Runtime 1.30.0, CPU, 2 threads, C API`. */
  readonly description: string;
  /** Threads of one operator where its processor is the host's; 0 leaves their number to ONNX Runtime. */
  readonly threads: number;
  /** Whether a bound run may write an output over one of its inputs (elementwise graphs such as optimizers). */
  readonly runsInPlace: boolean;
  /** Whether a tensor is the JavaScript array it was made with: runs read and write that array itself. */
  readonly tensorsAreArrays: boolean;
  /** Whether 3x3 convolutions of training graphs are built of matrix products, which here are faster than `Conv`. */
  readonly prefersMatrixConv: boolean;
  /**
   * Whether writes, runs and reads are done in the order in which they were begun, so that none has to be awaited before the next
   * is begun.
   */
  readonly keepsOrder: boolean;
  /** Whether sessions that ask for it are captured. */
  readonly captures: boolean;
  /** Whether runs of several sessions go on at the same time, each on threads of its own, instead of by turns. */
  readonly runsSideBySide: boolean;
  /** `model`: a serialized ONNX ModelProto, or the path of one, whose weights may lie in files beside it. */
  createSession(model: Uint8Array<ArrayBuffer> | string, options?: SessionOptions): Promise<Session>;
  /** A tensor over `data`: the array itself where `tensorsAreArrays`, else a copy on the device. Without data, zeros. */
  tensor(type: DataType, shape: readonly number[], data?: DataArray): Tensor;
  dispose(): Promise<void>;
}
