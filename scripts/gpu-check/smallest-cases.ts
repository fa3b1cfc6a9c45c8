import { Graph } from '../../native/graph/graph.ts';
import type { Build, Shapes } from '../../tests/autodiff/weighted-sum.ts';

/** An operator or what is made of several. */
export interface KernelForms {
  readonly shapes: Shapes;
  readonly make: Build;
  /** What the device runs of it, with gradients. */
  readonly build: () => { readonly device: { readonly graph: Graph } };
}

/** The smallest of these that between them have every operator and every operator's gradient that all of them have, in their order. */
export function smallestOfEach<C extends KernelForms>(cases: readonly C[]): readonly C[] {
  const measured = cases.map((each) => {
    const forward = forwardNodes(each);
    const all = each.build().device.graph.nodes;
    const has = [...forward.map(({ op }) => `gradient of ${op}`), ...all.map(({ op }) => op)];
    return { each, has: new Set(has), nodes: all.length, numbers: numbersIn(each.shapes) };
  });
  const bySize = measured.toSorted((a, b) => a.nodes - b.nodes || a.numbers - b.numbers);
  const seen = new Set<string>();
  const kept = new Set<C>();
  for (const { each, has } of bySize) {
    if ([...has].every((one) => seen.has(one))) continue;
    kept.add(each);
    for (const one of has) seen.add(one);
  }
  return cases.filter((each) => kept.has(each));
}

function forwardNodes({ shapes, make }: KernelForms): Graph['nodes'] {
  const graph = new Graph();
  const inputs = Object.entries(shapes).map(
    ([name, shape]) => [name, graph.input(name, 'float32', shape)] as const,
  );
  make(Object.fromEntries(inputs));
  return graph.nodes;
}

const numbersIn = (shapes: Shapes): number =>
  Object.values(shapes).reduce((sum, shape) => sum + shape.reduce((product, edge) => product * edge, 1), 0);
