/** Finds 64-bit hashes that differ from one in few bits. */
export interface HammingIndex {
  readonly size: number;
  /** Calls back for every hash within the distance, by its place in the list; the hash itself is among them. */
  readonly near: (place: number, visit: (place: number, distance: number) => void) => void;
}

const bands = 4;
const bandBits = 16;

/**
 * Multi-index hashing (M. Norouzi, A. Punjani, D. Fleet, "Fast search in Hamming space with multi-index hashing", 2012):
 * hashes that differ in at most `distance` bits agree up to `distance / 4` bits in one of four bands, so only what shares
 * such a band is compared. Bands take every fourth bit, since neighbouring bits of a picture are alike.
 * @param hashes 8 bytes each, no two alike
 */
export function hammingIndex(hashes: readonly Uint8Array[], distance: number): HammingIndex {
  const size = hashes.length;
  const high = new Uint32Array(size);
  const low = new Uint32Array(size);
  const keys = Array.from({ length: bands }, () => new Uint16Array(size));
  hashes.forEach((hash, place) => {
    for (let bit = 0; bit < 64; bit++) {
      if (((hash[bit >> 3]! >> (bit & 7)) & 1) === 0) continue;
      keys[bit % bands]![place]! |= 1 << (bit >> 2);
      if (bit < 32) low[place] = (low[place]! | (1 << bit)) >>> 0;
      else high[place] = (high[place]! | (1 << (bit - 32))) >>> 0;
    }
  });
  const tables = keys.map((key) => buckets(key));
  const masks = masksUpTo(Math.floor(distance / bands));
  // Which search visited each place last.
  const visited = new Int32Array(size);
  let search = 0;

  return {
    size,
    near: (place, visit) => {
      search++;
      for (let band = 0; band < bands; band++) {
        const { starts, places } = tables[band]!;
        for (const mask of masks) {
          const key = keys[band]![place]! ^ mask;
          for (let at = starts[key]!; at < starts[key + 1]!; at++) {
            const other = places[at]!;
            if (visited[other] === search) continue;
            visited[other] = search;
            const differing = bitsSet(high[place]! ^ high[other]!) + bitsSet(low[place]! ^ low[other]!);
            if (differing <= distance) visit(other, differing);
          }
        }
      }
    },
  };
}

/** Places sorted by key, by counting; those of a key begin at `starts[key]`. */
function buckets(keys: Uint16Array): { readonly starts: Int32Array; readonly places: Int32Array } {
  const starts = new Int32Array((1 << bandBits) + 1);
  for (const key of keys) starts[key + 1]!++;
  for (let key = 0; key < 1 << bandBits; key++) starts[key + 1]! += starts[key]!;
  const next = starts.slice();
  const places = new Int32Array(keys.length);
  keys.forEach((key, place) => (places[next[key]!++] = place));
  return { starts, places };
}

function masksUpTo(bits: number): readonly number[] {
  const masks: number[] = [];
  for (let mask = 0; mask < 1 << bandBits; mask++) if (bitsSet(mask) <= bits) masks.push(mask);
  return masks;
}

function bitsSet(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
