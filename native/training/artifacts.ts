import { gradients } from '../autodiff/gradients.ts';
import type { ComputePrecision } from '../facts/precision.ts';
import { type DataType, elementCount } from '../graph/data-type.ts';
import { checkElementCounts } from '../graph/element-limit.ts';
import { type BackwardOptions, Graph, type Value } from '../graph/graph.ts';
import { type HalfPrecision, inHalfPrecision } from '../graph/in-half-precision.ts';
import { serializeModel } from '../graph/serialize.ts';
import type { Parameter } from '../models/parameter.ts';
import { graphPrefix } from '../optimizers/optimizer.ts';
import type { Provider, Runtime } from '../runtime/runtime.ts';
import { cutIntoStages, moduleEnds, type StagedGraph } from '../stages/cut.ts';

/** What a loss is built of: parameters and the scalar. */
export interface LossGraph {
  readonly graph: Graph;
  readonly loss: Value;
  /** Inputs of the graph. */
  readonly parameters: ReadonlyMap<Parameter, Value>;
}

export interface BatchInput {
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly number[];
}

/** The graphs of one batch shape; names are ONNX Runtime's for on-device training. */
export interface TrainingArtifacts {
  /** Parameters and batch -> `loss` and `gradient/<name>` for every trainable parameter. */
  readonly trainingModel: Uint8Array<ArrayBuffer>;
  /** Parameters and batch -> `loss`. */
  readonly evalModel: Uint8Array<ArrayBuffer>;
  readonly trainable: readonly Parameter[];
  /** The shapes gradients come in, by the parameter's name. */
  readonly gradientShapes: ReadonlyMap<string, readonly number[]>;
  readonly frozen: readonly Parameter[];
  /** Inputs other than parameters. */
  readonly batch: readonly BatchInput[];
  readonly precision: ComputePrecision;
  readonly differentiated: DifferentiatedGraph;
}

/** What the models were made of. */
export interface DifferentiatedGraph {
  readonly graph: Graph;
  /** Where not all that is inside of modules is kept: the same in stages. */
  readonly staged: StagedGraph | null;
  readonly loss: Value;
  /** By the trained parameter's name, without those that the loss does not depend on. */
  readonly gradients: ReadonlyMap<string, Value>;
}

/** The input of a training graph in half precision that the loss is multiplied by before it is differentiated. */
export const lossScaleInput = 'loss_scale';

export interface ArtifactOptions extends Partial<Pick<Runtime, 'tensorsAreArrays' | 'provider'>> {
  /** Whether what is inside of modules is computed again on the way back instead of kept. */
  readonly recompute?: boolean;
  /** Bytes that may be kept of it all the same: of what costs the most to compute again; default 0. */
  readonly keptInside?: number;
  /** In float16, products are, and what is frozen; what is trained stays float32, and gradients come in it. */
  readonly precision?: ComputePrecision;
}

/** How gradients are built for a provider. */
export function backwardOn(provider: Provider): BackwardOptions {
  // A norm that gives more than its output is handed to the processor there (DmlOperatorLayerNormalization.cpp).
  return { ownStatistics: provider === 'directml' };
}

/** What graphs depend on of where they run. */
export function kindOf({
  tensorsAreArrays,
  provider,
}: Runtime): Pick<Runtime, 'tensorsAreArrays' | 'provider'> {
  return { tensorsAreArrays, provider };
}

/**
 * Differentiates a loss and serializes it with and without its gradients. Where tensors are arrays, gradients may come in
 * other shapes than the parameters', of as many elements: ONNX Runtime copies what is only given another shape on its way
 * out.
 */
export function buildArtifacts(
  { graph: single, loss: lossValue, parameters }: LossGraph,
  {
    tensorsAreArrays = false,
    provider = 'cpu',
    recompute = false,
    keptInside = 0,
    precision = 'float32',
  }: ArtifactOptions = {},
): TrainingArtifacts {
  const isHalf = precision === 'float16';
  const trainable = trainedOf(parameters.keys());
  const frozen = [...parameters].filter(([{ trained }]) => !trained);
  const halfInputs = new Set(frozen.map(([, value]) => value));
  const computed = (results: readonly Value[]): HalfPrecision =>
    isHalf ? inHalfPrecision(single, { results, halfInputs }) : asItIs(single);
  const forward = computed([lossValue]);
  const { model: evalModel } = serializeModel(forward.graph, { loss: forward.valueOf(lossValue) });
  const taken = new Set(parameters.values());
  const batch = single.inputs
    .filter((input) => !taken.has(input))
    .map(({ name, type, shape }) => ({ name, type, shape }));
  const ends = [...moduleEnds(single), single.nodes.length];
  const turns = new Map<number, number>();
  const onNode = (position: number): void => {
    for (const end of ends) if (position <= end && !turns.has(end)) turns.set(end, single.nodes.length);
  };
  const seed = isHalf ? single.input(lossScaleInput, 'float32', []) : 1;
  const wrt = trainable.map((parameter) => parameters.get(parameter)!);
  const options = {
    ...backwardOn(provider),
    // Where tensors are arrays, the processor computes.
    scatters: tensorsAreArrays,
    seed,
    ...(recompute && { onNode }),
  };
  const exact = gradients(single, lossValue, wrt, options);
  const { graph, valueOf, positionOf } = computed([lossValue, ...exact]);
  const [loss, ...found] = [lossValue, ...exact].map(valueOf) as [Value, ...Value[]];
  if (!tensorsAreArrays) checkElementCounts(graph, [loss, ...found]);
  const bare = tensorsAreArrays ? beforeReshape(graph) : (value: Value) => value;
  const outputs = new Map(trainable.map(({ name }, i) => [name, bare(found[i]!)]));
  const ofStages = ownOutputs(graph, outputs);
  const results = [...ofStages.values()];
  const staged = recompute
    ? cutIntoStages(graph, {
        loss,
        results,
        ends: ends.map(positionOf),
        turns: ends.map((end) => positionOf(turns.get(end)!)),
        keptInside,
      })
    : null;
  const { model: trainingModel } = serializeModel(graph, {
    loss,
    ...Object.fromEntries([...outputs].map(([name, value]) => [graphPrefix('gradient') + name, value])),
  });
  return {
    trainingModel,
    evalModel,
    trainable,
    gradientShapes: new Map([...outputs].map(([name, { shape }]) => [name, shape])),
    frozen: frozen.map(([parameter]) => (isHalf ? { ...parameter, type: 'float16' } : parameter)),
    batch,
    precision,
    differentiated: { graph, staged, loss, gradients: ofStages },
  };
}

/** A graph that computes in what it was built in. */
function asItIs(graph: Graph): HalfPrecision {
  return { graph, valueOf: (value) => value, positionOf: (position) => position };
}

/** The gradients that are computed, every one a value of its own. */
function ownOutputs(graph: Graph, outputs: ReadonlyMap<string, Value>): ReadonlyMap<string, Value> {
  const taken = new Set<Value>();
  return new Map(
    [...outputs].flatMap(([name, value]) => {
      // Zeros: the tensors begin as such, and nothing else is ever written to them.
      if (graph.constants.has(value.name)) return [];
      const own = taken.has(value) ? identity(value) : value;
      taken.add(own);
      return [[name, own] as const];
    }),
  );
}

/** A tensor is written by one output, so that a second one that is the same is a copy. */
function identity(value: Value): Value {
  const { type, shape } = value;
  return value.graph.node('Identity', [value], {}, [{ type, shape }])[0]!;
}

/** What a value was before it was only given another shape. */
function beforeReshape({ nodes }: Graph): (value: Value) => Value {
  const reshaped = new Map(
    nodes.flatMap(({ op, inputs, outputs }) =>
      op === 'Reshape' ? [[outputs[0]!, inputs[0]!] as const] : [],
    ),
  );
  return (value) => {
    let bare = value;
    while (reshaped.has(bare)) bare = reshaped.get(bare)!;
    return bare;
  };
}

export function trainedOf(parameters: Iterable<Parameter>): readonly Parameter[] {
  return [...parameters].filter(({ trained }) => trained);
}

export function totalElements(parameters: readonly Pick<Parameter, 'shape'>[]): number {
  return parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0);
}
