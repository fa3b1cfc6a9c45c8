const size = 624;
const middle = 397;

/**
 * MT19937 (Matsumoto and Nishimura 1998) seeded with one 32-bit number, as `torch.manual_seed` seeds PyTorch's CPU
 * generator. Each call gives the next 32 random bits as an unsigned number.
 */
export function createMersenneTwister(seed: number): () => number {
  const state = new Uint32Array(size);
  state[0] = seed;
  for (let i = 1; i < size; i++) {
    const previous = state[i - 1]!;
    state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
  }
  let next = size;

  const twist = (): void => {
    for (let i = 0; i < size; i++) {
      const following = state[(i + 1) % size]!;
      const joined = (state[i]! & 0x80000000) | (following & 0x7fffffff);
      state[i] = state[(i + middle) % size]! ^ (joined >>> 1) ^ (following & 1 ? 0x9908b0df : 0);
    }
    next = 0;
  };

  return () => {
    if (next === size) twist();
    let y = state[next++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}
