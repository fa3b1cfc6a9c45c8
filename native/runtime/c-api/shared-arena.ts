import type { Ort, Pointer } from './library.ts';

const registered = new WeakSet<Ort>();

/**
 * Registers the arena that sessions share which ask for it; it stays for as long as the process does. It grows by what is asked
 * for rather than by powers of two, which would leave up to as much unused.
 */
export function registerSharedArena(ort: Ort, hostMemory: Pointer): void {
  if (registered.has(ort)) return;
  const options = {
    arena_extend_strategy: Number(process.env.ARENA ?? 1),
    initial_chunk_size_bytes: Number(process.env.ARENA_INIT ?? 0) || -1,
    max_dead_bytes_per_chunk: Number(process.env.ARENA_DEAD ?? -1),
  };
  const keys = Object.keys(options);
  const values = BigUint64Array.from(Object.values(options), (v) => BigInt.asUintN(64, BigInt(v)));
  const config = ort.create('ArenaCfg', 'CreateArenaCfgV2', keys, values, keys.length);
  try {
    ort.call('CreateAndRegisterAllocator', ort.env, hostMemory, config);
  } finally {
    ort.release('ArenaCfg', config);
  }
  registered.add(ort);
}
