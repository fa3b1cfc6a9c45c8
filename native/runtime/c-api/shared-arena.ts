import type { Ort, Pointer } from './library.ts';

const registered = new WeakSet<Ort>();

/** ONNX Runtime's `kSameAsRequested`. */
const sameAsRequested = 1;

/**
 * Bytes it begins with. Free memory is joined within one such region alone, so that many small ones take much more than is ever
 * used at a time; what is never written to takes no memory.
 */
const firstRegion = 2 ** 30;

/**
 * Registers the arena that sessions share which ask for it; it stays for as long as the process does. It grows by what is asked
 * for rather than by powers of two, which would leave up to as much unused.
 */
export function registerSharedArena(ort: Ort, hostMemory: Pointer): void {
  if (registered.has(ort)) return;
  const options = { arena_extend_strategy: sameAsRequested, initial_chunk_size_bytes: firstRegion };
  const keys = Object.keys(options);
  const values = BigUint64Array.from(Object.values(options), BigInt);
  const config = ort.create('ArenaCfg', 'CreateArenaCfgV2', keys, values, keys.length);
  try {
    ort.call('CreateAndRegisterAllocator', ort.env, hostMemory, config);
  } finally {
    ort.release('ArenaCfg', config);
  }
  registered.add(ort);
}
