import type { Ort } from './library.ts';

const registered = new WeakSet<Ort>();

/** ONNX Runtime's `kSameAsRequested`. */
const sameAsRequested = 1;
/** Its `OrtArenaAllocator`: memory told of otherwise is registered without an arena, and taken from the system each time anew. */
const arenaAllocator = 1;
const defaultMemory = 0;

/**
 * Bytes it begins with. Free memory is joined within one such region alone, so that many small ones take much more than is ever
 * used at a time; what is never written to takes no memory.
 */
const firstRegion = 2 ** 30;

/**
 * Registers the arena that sessions share; it stays for as long as the process does. It grows by what is asked
 * for rather than by powers of two, which would leave up to as much unused.
 */
export function registerSharedArena(ort: Ort): void {
  if (registered.has(ort)) return;
  const options = { arena_extend_strategy: sameAsRequested, initial_chunk_size_bytes: firstRegion };
  const keys = Object.keys(options);
  const values = BigUint64Array.from(Object.values(options), BigInt);
  const memory = ort.create('MemoryInfo', 'CreateCpuMemoryInfo', arenaAllocator, defaultMemory);
  const config = ort.create('ArenaCfg', 'CreateArenaCfgV2', keys, values, keys.length);
  try {
    ort.call('CreateAndRegisterAllocator', ort.env, memory, config);
  } finally {
    ort.release('ArenaCfg', config);
    ort.release('MemoryInfo', memory);
  }
  registered.add(ort);
}
