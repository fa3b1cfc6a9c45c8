import { elementCount } from '../graph/data-type.ts';
import type { Node, Value } from '../graph/graph.ts';
import { bytesOf } from './workspace.ts';

/** A module's nodes, in their order. */
export interface ModuleNodes {
  readonly forward: readonly Node[];
  readonly backward: readonly Node[];
}

/** A node, and the numbers of the values it reads and makes within its module. */
interface AgainNode {
  readonly node: Node;
  readonly work: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** A value inside of a module, and what need not be computed again where it is kept. */
export interface Saving {
  readonly value: Value;
  readonly bytes: number;
  /** About how many operations, those before it in the list being kept. */
  readonly work: number;
}

/**
 * What only gives another shape or order is computed again for next to nothing. Kept, a transposed matrix would also be one that ONNX
 * Runtime makes, where otherwise its product reads it turned, and adds up in another order: results would differ in their last bits.
 */
const reordering = new Set(['Reshape', 'Transpose']);

/** Less work for a byte than this is done as soon as that byte is written and read. */
const leastRate = 16;
const rateOf = ({ work, bytes }: Saving): number => work / bytes;

/**
 * The values inside of a module that are worth keeping until the way back, one after the other, always the one that then saves the
 * most work for its bytes: products over long rows and what attention gives, rather than what is made of them number by number.
 * @param given what is kept anyway
 */
export function worthKeeping({ forward, backward }: ModuleNodes, given: ReadonlySet<Value>): Saving[] {
  const made = forward.flatMap(({ outputs }) => outputs);
  const idOf = new Map(made.map((value, id) => [value, id] as const));
  const idsOf = (values: readonly (Value | null)[]): number[] =>
    values.flatMap((value) => (value ? (idOf.get(value) ?? []) : []));
  const nodes = forward.map((node): AgainNode => ({
    ...{ node, work: nodeWork(node), inputs: idsOf(node.inputs), outputs: idsOf(node.outputs) },
  }));
  const makerOf = new Map(nodes.flatMap((node) => node.outputs.map((id) => [id, node] as const)));
  const kept = Uint8Array.from(made, (value) => Number(given.has(value)));
  const readBackward = new Uint8Array(made.length);
  for (const { inputs } of backward) for (const id of idsOf(inputs)) readBackward[id] = 1;
  /** By how many of the nodes that are run again, and on the way back, a value is read. */
  const readers = new Int32Array(made.length);
  /** The values to be computed again, with how many of its node's are. */
  const wanted = new Map<AgainNode, number>();
  const isWanted = (id: number): boolean => readers[id]! > 0 && !kept[id];
  const computeAgain = (): void => {
    readers.set(readBackward);
    wanted.clear();
    for (const node of nodes.toReversed()) {
      const count = node.outputs.filter(isWanted).length;
      if (count === 0) continue;
      wanted.set(node, count);
      for (const id of node.inputs) readers[id]! += 1;
    }
  };
  /** The work saved by keeping a value: of its node, and of all that is then read by none that is run again. */
  const workSavedBy = (id: number): number => {
    const undo: (() => void)[] = [];
    let work = 0;
    const unwanted = [id];
    for (let one = unwanted.pop(); one !== undefined; one = unwanted.pop()) {
      const node = makerOf.get(one)!;
      const left = wanted.get(node)! - 1;
      wanted.set(node, left);
      undo.push(() => wanted.set(node, wanted.get(node)! + 1));
      if (left > 0) continue;
      work += node.work;
      for (const input of node.inputs) {
        readers[input]! -= 1;
        undo.push(() => (readers[input]! += 1));
        if (readers[input] === 0 && !kept[input]) unwanted.push(input);
      }
    }
    for (const step of undo) step();
    return work;
  };

  const found: Saving[] = [];
  for (;;) {
    computeAgain();
    let best: { readonly id: number; readonly saving: Saving } | null = null;
    for (const { node, outputs } of wanted.keys()) {
      if (reordering.has(node.op)) continue;
      for (const id of outputs.filter(isWanted)) {
        const value = made[id]!;
        const saving = { value, bytes: bytesOf(value), work: workSavedBy(id) };
        if (rateOf(saving) >= leastRate && (!best || rateOf(saving) > rateOf(best.saving)))
          best = { id, saving };
      }
    }
    if (!best) return found;
    found.push(best.saving);
    kept[best.id] = 1;
  }
}

/** Of all modules' lists, what saves the most for so many bytes. */
export function bestSavings(lists: readonly (readonly Saving[])[], bytes: number): Set<Value> {
  const best = new Set<Value>();
  const heads = lists.map(() => 0);
  let left = bytes;
  for (;;) {
    let next: { readonly list: number; readonly saving: Saving } | null = null;
    for (const [list, savings] of lists.entries()) {
      const saving = savings[heads[list]!];
      if (!saving || saving.bytes > left) continue;
      if (!next || rateOf(saving) > rateOf(next.saving)) next = { list, saving };
    }
    if (!next) return best;
    best.add(next.saving.value);
    heads[next.list]! += 1;
    left -= next.saving.bytes;
  }
}

/** Operations that a number costs which is only moved, added or made a function of: memory is what it waits for. */
const perMovedNumber = 30;

/** About how many operations a node takes. */
function nodeWork({ op, inputs, outputs, attributes }: Node): number {
  const made = elementCount(outputs[0]!.shape);
  const [first, second] = inputs;
  switch (op) {
    case 'Reshape':
    case 'Identity':
      return 0;
    case 'MatMul':
      return 2 * made * first!.shape.at(-1)!;
    case 'Gemm': {
      const turned = attributes.transA;
      return 2 * made * first!.shape[turned && 'int' in turned && turned.int ? 0 : 1]!;
    }
    case 'Conv':
      return 2 * made * elementCount(second!.shape.slice(1));
    case 'ConvTranspose':
      return 2 * elementCount(first!.shape) * elementCount(second!.shape.slice(1));
    default:
      return perMovedNumber * made;
  }
}
