import { describe, expect, test } from 'vitest';

import { Graph } from '../../../native/graph/graph.ts';
import { inFloat16, inFloat32 } from '../../../scripts/gpu-check/kernels.ts';
import { type KernelForms, smallestOfEach } from '../../../scripts/gpu-check/smallest-cases.ts';

function operatorsOf(cases: readonly KernelForms[]): readonly string[] {
  const names = cases.flatMap(({ shapes, make, build }) => {
    const forward = new Graph();
    make(
      Object.fromEntries(
        Object.entries(shapes).map(([name, shape]) => [name, forward.input(name, 'float32', shape)]),
      ),
    );
    const gradients = forward.nodes.map(({ op }) => `gradient of ${op}`);
    return [...gradients, ...build().device.graph.nodes.map(({ op }) => op)];
  });
  return [...new Set(names)].sort();
}

describe('the smallest cases', () => {
  test.each([
    ['float32', inFloat32],
    ['float16', inFloat16],
  ])('of %s have every operator and gradient rule that all of them have, and are fewer', (_, cases) => {
    const chosen = smallestOfEach(cases);
    expect(operatorsOf(chosen)).toEqual(operatorsOf(cases));
    expect(chosen.length).toBeLessThan(cases.length);
    const names = chosen.map(({ name }) => name).join();
    expect(names).not.toContain('Winograd');
  });
});
