import { elementCount } from '../graph/data-type.ts';
import { Graph, type Value } from '../graph/graph.ts';
import { add, mul, sqrt } from '../graph/ops/elementwise.ts';
import { reduceSumSquare } from '../graph/ops/reduce.ts';
import { concat, reshape, split } from '../graph/ops/shape.ts';
import { serializeModel } from '../graph/serialize.ts';
import { clipFactorValue } from './clipping.ts';
import { emaRate, emaRateAt, movingAverage } from './moving-average.ts';
import { type DeviceTensor, graphPrefix, type StateKind, stateKinds, type UpdateRule } from './optimizer.ts';
import { batchVectors, type VectorBatch } from './vector-batches.ts';

/** The values of the update graph's scalar inputs at a step, by name, in the order of the graph's inputs. */
export function updateScalars(
  { optimizer }: UpdateRule,
  step: number,
  learningRate: number,
  emaDecay: number,
): Readonly<Record<string, number>> {
  return { ...optimizer.scalarsAt(step, learningRate), [emaRate]: emaRateAt(emaDecay) };
}

/** Names of the update graph's scalar inputs. */
export function updateScalarNames({ optimizer }: UpdateRule): readonly string[] {
  return [...optimizer.scalars, emaRate];
}

/**
 * An optimizer over all parameters as one graph, with clipping by the global norm and the moving average inside. For each
 * parameter `name`, inputs `parameter/name`, `gradient/name`, what the optimizer keeps (`first-moment/name`) and `ema/name`
 * where there is an average; outputs the same but the gradient, after `new/`. Further: scalar inputs (`updateScalarNames`)
 * and the output `gradient-norm`, that of the gradients before clipping.
 *
 * Every state tensor is read by one node that its new value depends on, so it may be written over in place.
 */
export function buildUpdate(specs: readonly DeviceTensor[], rule: UpdateRule): Uint8Array<ArrayBuffer> {
  const graph = new Graph();
  const scalars = new Map(
    updateScalarNames(rule).map((name) => [name, graph.input(name, 'float32', [])] as const),
  );
  const scalar = (name: string): Value => scalars.get(name)!;
  const ends = vectorEnds(graph, specs);
  const batches = batchVectors(specs);
  const gradients = batches.map((batch) => ends.join('gradient', batch));
  const norm = globalNorm(gradients);
  const clip = clipFactorValue(norm, rule.maxGradientNorm);

  const outputs: Record<string, Value> = { 'gradient-norm': norm };
  const kept = stateKinds({ optimizer: rule.optimizer, ema: false });
  batches.forEach((batch, i) => {
    const { shape } = batch;
    const flat = (x: Value): Value => (shape.at(-1) === 1 ? reshape(x, [elementCount(shape)]) : x);
    const shaped = (x: Value): Value => reshape(x, shape);
    const before = (kind: StateKind): Value => flat(ends.join(kind, batch));
    const gradient = clip ? mul(flat(gradients[i]!), clip) : flat(gradients[i]!);
    const step = { gradient, before, scalar, flat, shaped };
    const next = rule.optimizer.update(step);
    for (const kind of kept) Object.assign(outputs, ends.part(kind, next[kind]!, batch));
    if (rule.ema) Object.assign(outputs, ends.part('ema', movingAverage(step, next.parameter!), batch));
  });
  checkReadOnce(graph, rule);
  return serializeModel(graph, outputs).model;
}

/** How the tensors of a batch are laid end to end on their way in, and apart on their way out. */
function vectorEnds(graph: Graph, specs: readonly DeviceTensor[]) {
  const lengths = new Map(specs.map(({ name, shape }) => [name, elementCount(shape)]));
  return {
    join: (kind: string, { names, shape }: VectorBatch): Value =>
      concat(
        names.map((name) =>
          graph.input(graphPrefix(kind) + name, 'float32', names.length > 1 ? [lengths.get(name)!] : shape),
        ),
        0,
      ),
    part: (kind: StateKind, value: Value, { names }: VectorBatch): Readonly<Record<string, Value>> => {
      const parts =
        names.length > 1
          ? split(
              value,
              names.map((name) => lengths.get(name)!),
              0,
            )
          : [value];
      return Object.fromEntries(names.map((name, i) => [`new/${graphPrefix(kind)}${name}`, parts[i]!]));
    },
  };
}

function globalNorm(gradients: readonly Value[]): Value {
  // Not a sum of products: those would be shared with the second moment's and kept for all parameters at once.
  return sqrt(gradients.map(reduceSumSquare).reduce((sum, square) => add(sum, square)));
}

/** A tensor read by two nodes could be written over before the second has read it. */
function checkReadOnce({ nodes, inputs }: Graph, rule: UpdateRule): void {
  const readers = new Map<Value, number>();
  for (const node of nodes)
    for (const input of node.inputs) if (input) readers.set(input, (readers.get(input) ?? 0) + 1);
  const prefixes = stateKinds(rule).map(graphPrefix);
  for (const input of inputs)
    if (prefixes.some((prefix) => input.name.startsWith(prefix)) && readers.get(input) !== 1)
      throw new Error(
        `${rule.optimizer.kind} reads ${input.name} by ${readers.get(input) ?? 0} nodes, not by one.`,
      );
}
