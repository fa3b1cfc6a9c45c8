import type { Provider } from '../runtime.ts';
import { type Ort, OrtError, type Pointer } from './library.ts';

/** Memory that an `OrtEnv` has an arena for already, or was refused one. */
const registered = new WeakMap<Ort, Set<string>>();

/** ONNX Runtime's `kSameAsRequested`. */
const sameAsRequested = 1;
/** Its `OrtArenaAllocator`: memory told of otherwise is registered without an arena, and taken from the system each time anew. */
const arenaAllocator = 1;
const defaultMemory = 0;

/**
 * Bytes it begins with in main memory. Free memory is joined within one such region alone, so that many small ones take much more
 * than is ever used at a time; what is never written to takes no memory. On a GPU it would.
 */
const firstRegion = 2 ** 30;

/**
 * Registers the arenas that sessions share, of main memory and of CUDA's GPU; they stay for as long as the process does. Each
 * session would otherwise keep the most that it ever used, and a model in stages has some 70. They grow by what is asked
 * for rather than by powers of two, which would leave up to as much unused.
 */
export function registerSharedArena(
  ort: Ort,
  { provider, gpu = 0 }: { readonly provider: Provider; readonly gpu?: number | undefined },
): void {
  const known = registered.get(ort) ?? new Set<string>();
  registered.set(ort, known);
  if (!known.has('main memory')) {
    known.add('main memory');
    withArena(ort, mainMemory(ort), { initial_chunk_size_bytes: firstRegion }, (memory, config) => {
      ort.call('CreateAndRegisterAllocator', ort.env, memory, config);
    });
  }
  const name = `GPU ${gpu}`;
  if (provider !== 'cuda' || known.has(name)) return;
  known.add(name);
  try {
    withArena(ort, gpuMemory(ort, gpu), {}, (memory, config) => {
      ort.call('CreateAndRegisterAllocatorV2', ort.env, 'CUDAExecutionProvider', memory, config, [], [], 0);
    });
  } catch (error) {
    // Sessions then have one each, which takes more memory and is no reason to stop. What keeps CUDA from starting, they will say.
    if (!(error instanceof OrtError)) throw error;
  }
}

const mainMemory = (ort: Ort): Pointer =>
  ort.create('MemoryInfo', 'CreateCpuMemoryInfo', arenaAllocator, defaultMemory);

const gpuMemory = (ort: Ort, gpu: number): Pointer =>
  ort.create('MemoryInfo', 'CreateMemoryInfo', 'Cuda', arenaAllocator, gpu, defaultMemory);

function withArena(
  ort: Ort,
  memory: Pointer,
  settings: Readonly<Record<string, number>>,
  register: (memory: Pointer, config: Pointer) => void,
): void {
  const options = { arena_extend_strategy: sameAsRequested, ...settings };
  const keys = Object.keys(options);
  const values = BigUint64Array.from(Object.values(options), BigInt);
  try {
    const config = ort.create('ArenaCfg', 'CreateArenaCfgV2', keys, values, keys.length);
    try {
      register(memory, config);
    } finally {
      ort.release('ArenaCfg', config);
    }
  } finally {
    ort.release('MemoryInfo', memory);
  }
}
