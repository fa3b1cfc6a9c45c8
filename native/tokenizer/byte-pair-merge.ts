/** What two neighbouring tokens merge into, and how early. */
export interface Merge {
  readonly rank: number;
  readonly id: number;
}

/** Merges by pair; a pair's key is `pairKey(left, right)`. */
export type MergeTable = ReadonlyMap<number, Merge>;

/** Token ids below 2^26 give keys that are exact. */
export function pairKey(left: number, right: number): number {
  return left * 2 ** 26 + right;
}

interface Candidate {
  readonly at: number;
  readonly rank: number;
  readonly id: number;
}

function comesFirst(a: Candidate, b: Candidate): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.at < b.at);
}

function push(heap: Candidate[], candidate: Candidate): void {
  let at = heap.length;
  heap.push(candidate);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!comesFirst(candidate, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = candidate;
}

function pop(heap: Candidate[]): Candidate | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  let at = 0;
  for (let child = 1; child < heap.length; child = 2 * at + 1) {
    if (child + 1 < heap.length && comesFirst(heap[child + 1]!, heap[child]!)) child++;
    if (!comesFirst(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
  return first;
}

/**
 * Byte-pair encoding of one word (Sennrich et al. 2016): the pair of lowest rank is merged, the leftmost first,
 * until none is left. Time grows as n log n, so a word of a whole book's length is no trouble.
 */
export function mergeBytePairs(symbols: readonly number[], merges: MergeTable): number[] {
  const ids: (number | null)[] = [...symbols];
  const next = symbols.map((_, i) => i + 1);
  const previous = symbols.map((_, i) => i - 1);
  const heap: Candidate[] = [];
  const propose = (left: number, right: number): void => {
    if (left < 0 || right >= ids.length) return;
    const merge = merges.get(pairKey(ids[left]!, ids[right]!));
    if (merge !== undefined) push(heap, { at: left, ...merge });
  };
  for (let i = 0; i + 1 < ids.length; i++) propose(i, i + 1);
  for (let best = pop(heap); best !== undefined; best = pop(heap)) {
    const left = best.at;
    const right = next[left]!;
    const stale =
      ids[left] === null ||
      right >= ids.length ||
      merges.get(pairKey(ids[left]!, ids[right]!))?.id !== best.id;
    if (stale) continue;
    ids[left] = best.id;
    ids[right] = null;
    next[left] = next[right]!;
    if (next[left] < ids.length) previous[next[left]] = left;
    propose(previous[left]!, left);
    propose(left, next[left]);
  }
  return ids.filter((id) => id !== null);
}
