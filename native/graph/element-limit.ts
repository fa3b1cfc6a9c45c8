import { Failure } from '../failure.ts';
import { elementCount } from './data-type.ts';
import type { Graph, Value } from './graph.ts';
import { liveNodes } from './serialize.ts';

/** Kernels for GPUs count elements in 32 bits: beyond that they throw, or read and write elsewhere. */
const mostElements = 2 ** 31 - 1;

/** Throws a `Failure` where a tensor on the way to the outputs has more elements than a GPU's kernels count. */
export function checkElementCounts(graph: Graph, outputs: readonly Value[]): void {
  for (const { name, outputs: made } of liveNodes(graph, outputs)) {
    const large = made.find(({ shape }) => elementCount(shape) > mostElements);
    if (!large) continue;
    throw new Failure(
      'tensor-too-large',
      `This takes a tensor of ${large.shape.join(' x ')} numbers (${name}), more than a graphics card can count.`,
      'Choose a smaller batch size or smaller pictures.',
    );
  }
}
