import { elementCount } from '../graph/data-type.ts';
import { Graph, type Node, type Value } from '../graph/graph.ts';
import { add, maximum, mul, sqrt } from '../graph/ops/elementwise.ts';
import { reduceSumSquare } from '../graph/ops/reduce.ts';
import { concat, reshape, split } from '../graph/ops/shape.ts';
import { serializeModel } from '../graph/serialize.ts';
import { clipFactorValue } from './clipping.ts';
import { emaRate, emaRateAt, movingAverage } from './moving-average.ts';
import {
  type DeviceTensor,
  formOf,
  graphPrefix,
  type Optimizer,
  sharedKind,
  type StateKind,
  stateKinds,
  type StepValues,
  type UpdateRule,
} from './optimizer.ts';
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
export function updateScalarNames({ optimizer, scalesLoss = false }: UpdateRule): readonly string[] {
  return [...optimizer.scalars, emaRate, ...(scalesLoss ? [gradientFactor] : [])];
}

/** The scalar that gradients are multiplied by, where they come multiplied: it takes that back, and clips. */
export const gradientFactor = 'gradient-factor';

/** A graph that gives the global norm of gradients (`gradient/name`) as `gradient-norm`. */
export function buildGradientNorm(specs: readonly DeviceTensor[]): Uint8Array<ArrayBuffer> {
  const graph = new Graph();
  const gradients = specs.map(({ name, shape }) =>
    graph.input(graphPrefix('gradient') + name, 'float32', shape),
  );
  return serializeModel(graph, { 'gradient-norm': globalNorm(gradients) }).model;
}

/**
 * An optimizer over all parameters as one graph, with clipping by the global norm and the moving average inside. For each
 * parameter `name`, inputs `parameter/name`, `gradient/name`, what the optimizer keeps (`first-moment/name`) and `ema/name`
 * where there is an average; outputs the same but the gradient, after `new/`. Further: scalar inputs (`updateScalarNames`)
 * and the output `gradient-norm`, that of the gradients before clipping. Of gradients that come multiplied the norm is asked for
 * before, by `buildGradientNorm`.
 *
 * Every node that reads a state tensor comes before that tensor's new value, so it may be written over in place. What an
 * optimizer keeps of all parameters together is `shared/name`; what does not change has no output.
 */
export function buildUpdate(specs: readonly DeviceTensor[], rule: UpdateRule): Uint8Array<ArrayBuffer> {
  const { optimizer } = rule;
  const graph = new Graph();
  const scalars = new Map(
    updateScalarNames(rule).map((name) => [name, graph.input(name, 'float32', [])] as const),
  );
  for (const name of Object.keys(optimizer.shared ?? {})) {
    const before = graph.input(graphPrefix(sharedKind) + name, 'float32', []);
    // Many read it and only one node may: the others read what this one gives.
    scalars.set(name, maximum(before, lowest));
  }
  const scalar = (name: string): Value => scalars.get(name)!;
  const ends = vectorEnds(graph, specs, optimizer);
  const batches = batchVectors(specs, (spec) => optimizer.seesWholes === true || !isPlain(optimizer, spec));
  const gradients = batches.map((batch) => ends.join('gradient', batch));
  const norm = rule.scalesLoss ? null : globalNorm(gradients);
  const clip = norm ? clipFactorValue(norm, rule.maxGradientNorm) : scalar(gradientFactor);
  const begun = batches.map((batch, i) => stepValues(batch, gradients[i]!, clip, scalar, ends.join));
  const across = optimizer.acrossAll?.(begun, scalar);

  const outputs: Record<string, Value> = norm ? { 'gradient-norm': norm } : {};
  for (const [name, value] of Object.entries(across?.shared ?? {}))
    outputs[`new/${graphPrefix(sharedKind)}${name}`] = value;
  batches.forEach((batch, i) => {
    const step = { ...begun[i]!, found: across?.found[i] ?? {} };
    const next = optimizer.update(step);
    for (const [kind, value] of Object.entries(next)) Object.assign(outputs, ends.part(kind, value, batch));
    if (rule.ema) Object.assign(outputs, ends.part('ema', movingAverage(step, next.parameter!), batch));
  });
  checkReadBefore(graph, rule, outputs);
  return serializeModel(graph, outputs).model;
}

/** Of float32: a maximum with it gives any number as it is, and is no operation that ONNX Runtime leaves out. */
const lowest = -(2 - 2 ** -23) * 2 ** 127;

type Ends = ReturnType<typeof vectorEnds>;

function stepValues(
  batch: VectorBatch,
  gradient: Value,
  clip: Value | null,
  scalar: (name: string) => Value,
  join: Ends['join'],
): StepValues {
  const { names, shape, kernel, isUp } = batch;
  const flat = (x: Value): Value => (x.shape.at(-1) === 1 ? reshape(x, [elementCount(x.shape)]) : x);
  const read = new Map<StateKind, Value>();
  return {
    parameter: { name: names[0]!, shape, ...(kernel && { kernel }), ...(isUp && { isUp }) },
    gradient: clip ? mul(flat(gradient), clip) : flat(gradient),
    before: (kind) => {
      const known = read.get(kind);
      if (known) return known;
      const value = join(kind, batch);
      const given = value.shape === shape ? flat(value) : value;
      read.set(kind, given);
      return given;
    },
    found: {},
    scalar,
    flat,
    shaped: (x) => reshape(x, shape),
  };
}

function isPlain(optimizer: Optimizer, spec: DeviceTensor): boolean {
  return optimizer.state.every((kind) => {
    const form = formOf(optimizer, kind, spec);
    return form?.type === 'float32' && form.shape.join() === spec.shape.join();
  });
}

/** How the tensors of a batch are laid end to end on their way in, and apart on their way out. */
function vectorEnds(graph: Graph, specs: readonly DeviceTensor[], optimizer: Optimizer) {
  const specOf = new Map(specs.map((spec) => [spec.name, spec]));
  const lengths = new Map(specs.map(({ name, shape }) => [name, elementCount(shape)]));
  return {
    join: (kind: string, { names, shape }: VectorBatch): Value => {
      const label = graphPrefix(kind);
      if (names.length > 1)
        return concat(
          names.map((name) => graph.input(label + name, 'float32', [lengths.get(name)!])),
          0,
        );
      const name = names[0]!;
      const form = formOf(optimizer, kind, specOf.get(name)!)!;
      const isOwn = form.shape.join() !== shape.join();
      return graph.input(label + name, form.type, isOwn ? form.shape : shape);
    },
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
  return sqrt(gradients.map((value) => reduceSumSquare(value)).reduce((sum, square) => add(sum, square)));
}

/**
 * A tensor is written over by its new value, so whatever else reads it must come before. Reshape reads nothing: it gives the
 * same memory another shape.
 */
function checkReadBefore(
  { nodes, inputs }: Graph,
  rule: UpdateRule,
  outputs: Readonly<Record<string, Value>>,
): void {
  const madeBy = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const readers = Map.groupBy(
    nodes.flatMap((node) => node.inputs.flatMap((input) => (input ? [{ input, node }] : []))),
    ({ input }) => input,
  );
  const readersOf = (value: Value): Node[] =>
    (readers.get(value) ?? []).flatMap(({ node }) =>
      node.op === 'Reshape' ? readersOf(node.outputs[0]!) : [node],
    );
  const prefixes = stateKinds(rule).map(graphPrefix);
  for (const input of inputs) {
    if (!prefixes.some((prefix) => input.name.startsWith(prefix))) continue;
    const replaced = outputs[`new/${input.name}`];
    const reading = readersOf(input);
    // What stays as it is may be read by all.
    if (!replaced || (reading.length > 0 && comesBefore(reading, replaced, madeBy))) continue;
    throw new Error(
      `${rule.optimizer.kind} reads ${input.name} by ${reading.length} nodes, not by one. Others would have to come before its new value.`,
    );
  }
}

/** Whether a value depends on all of these nodes. */
function comesBefore(reading: readonly Node[], value: Value, madeBy: ReadonlyMap<Value, Node>): boolean {
  const left = new Set(reading);
  const seen = new Set<Node>();
  const open = [value];
  while (open.length > 0 && left.size > 0) {
    const node = madeBy.get(open.pop()!);
    if (!node || seen.has(node)) continue;
    seen.add(node);
    left.delete(node);
    for (const input of node.inputs) if (input) open.push(input);
  }
  return left.size === 0;
}
