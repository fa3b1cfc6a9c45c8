import type { ComputePrecision } from '../facts/precision.ts';
import type { Value } from '../graph/graph.ts';
import { concat, split } from '../graph/ops/shape.ts';
import type { Runtime, Tensor } from '../runtime/runtime.ts';
import { type BandPass, bandStatistics, buildBandPass, passesOf } from './band-pass.ts';
import { type BandPlan, type BandSizes, type PictureShape, planBands, shapeAfter } from './band-rows.ts';
import { createBandTensors } from './band-tensors.ts';
import { type Inference, type OpenedModel, openInference, openModelGraph } from './inference.ts';
import { buildLayers, epsilon, type LayerStack } from './layer-stack.ts';
import type { ReadWeight, WeightType } from './weight-tensor.ts';

/** A chain of layers over one picture. */
export interface PictureModel {
  readonly component: string;
  readonly stack: LayerStack;
  /** Name and shape of what it is given. */
  readonly input: string;
  readonly shape: PictureShape;
  /** What is made of the last layer's result. */
  readonly results: (x: Value) => Readonly<Record<string, Value>>;
}

export interface PictureInferenceOptions {
  readonly runtime: Runtime;
  readonly readWeight: ReadWeight;
  readonly weightType?: WeightType;
  readonly precision?: ComputePrecision;
  readonly sizes?: BandSizes;
}

/**
 * The decoder has tensors of 128 and 256 MiB at 512 px, and decoding decides the most memory that a picture takes: at once they took
 * 1.1 GiB more and were no faster. A device's launches cost more.
 */
const usualSizes = (runtime: Runtime): BandSizes =>
  runtime.tensorsAreArrays
    ? { whole: 96 * 2 ** 20, band: 64 * 2 ** 20 }
    : { whole: 256 * 2 ** 20, band: 128 * 2 ** 20 };

/**
 * Opens a chain of layers such as an autoencoder's half. Where its tensors are large, layers are computed band by band: each
 * convolution is given a row more of the neighbouring bands, and norms the sums over all of them, so that the result is that of
 * the whole picture, without seams.
 */
export async function openPictureInference(
  model: PictureModel,
  options: PictureInferenceOptions,
): Promise<Inference> {
  const { runtime, readWeight, weightType, precision, sizes = usualSizes(runtime) } = options;
  const plan = planBands(model.stack, model.shape, sizes);
  if (plan) return openInBands(model, plan, options);
  const { component, stack, input, shape, results } = model;
  return openInference(
    runtime,
    readWeight,
    (builders, graph) =>
      results(buildLayers(builders(component), stack, graph.input(input, 'float32', [1, ...shape]))),
    weightType,
    precision,
  );
}

/** A pass and what it is given: in which shape, and where in the chain what its skip adds comes from. */
interface PlannedPass {
  readonly pass: BandPass;
  readonly input: PictureShape;
  readonly output: PictureShape;
  readonly layerInput: PictureShape;
  readonly beginsLayer: boolean;
  readonly endsLayer: boolean;
}

async function openInBands(
  { component, stack, input, shape, results }: PictureModel,
  { from, to, heights }: BandPlan,
  { runtime, readWeight, weightType, precision }: PictureInferenceOptions,
): Promise<Inference> {
  const { layers, groups } = stack;
  const part = (begin: number, end?: number): LayerStack => ({ ...stack, layers: layers.slice(begin, end) });
  const open = (build: Parameters<typeof openModelGraph>[2]) =>
    openModelGraph(runtime, readWeight, build, weightType, precision);
  const bandShape = ([channels, height, width]: PictureShape, i: number): number[] => {
    const rows = (heights[i]! * height) / planned[0]!.input[1];
    return [1, channels, rows, width];
  };

  const before = layers.slice(0, from).reduce((at, layer) => shapeAfter(layer, at), shape);
  const planned = planPasses(layers.slice(from, to), before);
  const after = planned.at(-1)!.output;
  const opened: OpenedModel[] = [];
  const remember = (model: OpenedModel): OpenedModel => (opened.push(model), model);
  const dispose = async (): Promise<void> => {
    for (const model of opened) await model.dispose();
  };
  try {
    const head = remember(
      await open((builders, graph) => {
        const picture = graph.input(input, 'float32', [1, ...shape]);
        const bands = split(buildLayers(builders(component), part(0, from), picture), heights, 2);
        return Object.fromEntries(bands.flatMap((band, i) => named(i, { band, ...bandStatistics(band) })));
      }),
    );
    const passes: ((i: number) => OpenedModel)[] = [];
    for (const { pass, input: given, layerInput } of planned) {
      const bySize = new Map<string, OpenedModel>();
      const keys: string[] = [];
      for (const i of heights.keys()) {
        const shapes = {
          above: bandShape(given, Math.max(0, i - 1)),
          band: bandShape(given, i),
          below: bandShape(given, Math.min(heights.length - 1, i + 1)),
          skip: pass.skip ? bandShape(layerInput, i) : null,
        };
        keys.push(JSON.stringify(shapes));
        if (bySize.has(keys[i]!)) continue;
        const model = await open((builders, graph) =>
          buildBandPass(builders(component), graph, pass, shapes),
        );
        bySize.set(keys[i]!, remember(model));
      }
      passes.push((i) => bySize.get(keys[i]!)!);
    }
    const tail = remember(
      await open((builders, graph) => {
        const bands = heights.map((_, i) => graph.input(`band${i}`, 'float32', bandShape(after, i)));
        return results(buildLayers(builders(component), part(to), concat(bands, 2)));
      }),
    );
    return {
      run: (data) => runBands({ runtime, groups, planned, heights, bandShape, head, passes, tail }, data),
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function named<T>(i: number, values: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(values).map(([name, value]) => [`${name}${i}`, value]);
}

function planPasses(layers: LayerStack['layers'], input: PictureShape): PlannedPass[] {
  const planned: PlannedPass[] = [];
  let layerInput = input;
  for (const layer of layers) {
    const passes = passesOf(layer, layerInput[0]);
    if (!passes) throw new Error(`${layer.kind} cannot be done in bands.`);
    const output = shapeAfter(layer, layerInput);
    passes.forEach((pass, i) => {
      const given = i === 0 ? layerInput : output;
      const endsLayer = i === passes.length - 1;
      planned.push({ pass, input: given, output, layerInput, beginsLayer: i === 0, endsLayer });
    });
    layerInput = output;
  }
  return planned;
}

interface OpenedBands {
  readonly runtime: Runtime;
  readonly groups: number;
  readonly planned: readonly PlannedPass[];
  readonly heights: readonly number[];
  readonly bandShape: (shape: PictureShape, i: number) => number[];
  readonly head: OpenedModel;
  /** By pass, then by band. */
  readonly passes: readonly ((i: number) => OpenedModel)[];
  readonly tail: OpenedModel;
}

/** A band's tensor, and sums over each of its channels. */
interface Band {
  readonly tensor: Tensor;
  readonly means: Float32Array<ArrayBuffer>;
  readonly squares: Float32Array<ArrayBuffer>;
}

async function runBands(
  { runtime, groups, planned, heights, bandShape, head, passes, tail }: OpenedBands,
  data: Parameters<Inference['run']>[0],
): ReturnType<Inference['run']> {
  const tensors = createBandTensors(runtime);
  const run = async (
    model: OpenedModel,
    inputs: Readonly<Record<string, Tensor>>,
    outputs: Readonly<Record<string, Tensor>>,
  ): Promise<void> => {
    const bound = model.bind(pick(inputs, model.inputs), outputs);
    try {
      await bound.run();
    } finally {
      bound.dispose();
    }
  };
  const newBand = (shape: readonly number[]) => {
    const each = () => tensors.take([shape[1]!]);
    return { tensor: tensors.take(shape), means: each(), squares: each() };
  };
  const readBand = async ({ tensor, means, squares }: ReturnType<typeof newBand>): Promise<Band> => {
    return { tensor, means: await tensors.read(means), squares: await tensors.read(squares) };
  };
  try {
    const first = planned[0]!.input;
    const made = heights.map((_, i) => newBand(bandShape(first, i)));
    const whole = Object.fromEntries(
      head.inputs.map(({ name, shape }) => [
        name,
        tensors.filled(shape, data[name] as Float32Array<ArrayBuffer>),
      ]),
    );
    const outputs = made.flatMap(({ tensor, means, squares }, i) =>
      named(i, { band: tensor, means, squares }),
    );
    await run(head, whole, Object.fromEntries(outputs));
    tensors.give(...Object.values(whole));
    let bands: Band[] = [];
    for (const each of made) bands.push(await readBand(each));
    let layerInput = bands;
    const edge = [tensors.filled([1], Float32Array.of(0)), tensors.filled([1], Float32Array.of(1))] as const;

    for (const [p, { pass, output, beginsLayer, endsLayer }] of planned.entries()) {
      if (beginsLayer) layerInput = bands;
      const statistics = pass.norm ? groupStatistics(bands, groups) : null;
      const perChannel = [1, bands[0]!.tensor.shape[1]!, 1, 1];
      const norm = statistics && {
        mean: tensors.filled(perChannel, statistics.mean),
        inverse: tensors.filled(perChannel, statistics.inverse),
      };
      const next: Band[] = [];
      for (const i of bands.keys()) {
        const result = newBand(bandShape(output, i));
        const above = bands[i - 1];
        const below = bands[i + 1];
        const inputs = {
          above: (above ?? bands[0]!).tensor,
          band: bands[i]!.tensor,
          below: (below ?? bands.at(-1)!).tensor,
          hasAbove: edge[Number(above !== undefined)]!,
          hasBelow: edge[Number(below !== undefined)]!,
          skip: layerInput[i]!.tensor,
          ...norm,
        };
        const { tensor, means, squares } = result;
        await run(passes[p]!(i), inputs, { output: tensor, means, squares });
        next.push(await readBand(result));
        // What no later band looks at is given up at once.
        if (above && bands !== layerInput) tensors.give(above.tensor);
        if (endsLayer && i > 0) tensors.give(layerInput[i - 1]!.tensor);
      }
      if (bands !== layerInput) tensors.give(bands.at(-1)!.tensor);
      if (endsLayer) tensors.give(layerInput.at(-1)!.tensor);
      if (norm) tensors.give(norm.mean, norm.inverse);
      bands = next;
    }

    const results = Object.fromEntries(
      Object.entries(tail.outputs).map(([name, { shape }]) => [name, tensors.take(shape)]),
    );
    await run(tail, Object.fromEntries(bands.flatMap(({ tensor: band }, i) => named(i, { band }))), results);
    const read: Record<string, Float32Array<ArrayBuffer>> = {};
    for (const [name, tensor] of Object.entries(results)) read[name] = await tensors.read(tensor);
    return read;
  } finally {
    tensors.dispose();
  }
}

function pick(
  inputs: Readonly<Record<string, Tensor>>,
  wanted: OpenedModel['inputs'],
): Readonly<Record<string, Tensor>> {
  return Object.fromEntries(wanted.map(({ name }) => [name, inputs[name]!]));
}

/** Of each channel's group, over all bands: mean and 1 / deviation, by the sums of the bands (Chan et al. 1979). */
function groupStatistics(
  bands: readonly Band[],
  groups: number,
): Record<'mean' | 'inverse', Float32Array<ArrayBuffer>> {
  const channels = bands[0]!.means.length;
  const perGroup = channels / groups;
  const [mean, inverse] = [new Float32Array(channels), new Float32Array(channels)];
  for (let begin = 0; begin < channels; begin += perGroup) {
    let [count, average, squares] = [0, 0, 0];
    for (const { tensor, means, squares: own } of bands) {
      const pixels = tensor.shape[2]! * tensor.shape[3]!;
      for (let c = begin; c < begin + perGroup; c++) {
        const difference = means[c]! - average;
        squares += own[c]! + (difference ** 2 * count * pixels) / (count + pixels);
        count += pixels;
        average += (difference * pixels) / count;
      }
    }
    mean.fill(average, begin, begin + perGroup);
    inverse.fill(1 / Math.sqrt(squares / count + epsilon), begin, begin + perGroup);
  }
  return { mean, inverse };
}
