import type { Value } from '../graph/graph.ts';
import { conv } from '../graph/ops/conv.ts';
import { add, clip } from '../graph/ops/elementwise.ts';
import { reduceMean } from '../graph/ops/reduce.ts';
import { reshape } from '../graph/ops/shape.ts';
import type { ModelBuilder } from './model-builder.ts';
import { biasKind, type ParameterKind } from './parameter.ts';

/** Side of the pictures it was made for, in pixels. */
export const pictureSide = 224;
/** Numbers it gives of each picture. */
export const featureLength = 1280;

/** Blocks of one stage: how many, the first one's stride, the kernel's side, how much wider a block is inside, and channels. */
const stages = [
  { blocks: 1, stride: 1, kernel: 3, expand: 1, out: 16 },
  { blocks: 2, stride: 2, kernel: 3, expand: 6, out: 24 },
  { blocks: 2, stride: 2, kernel: 5, expand: 6, out: 40 },
  { blocks: 3, stride: 2, kernel: 3, expand: 6, out: 80 },
  { blocks: 3, stride: 1, kernel: 5, expand: 6, out: 112 },
  { blocks: 4, stride: 2, kernel: 5, expand: 6, out: 192 },
  { blocks: 1, stride: 1, kernel: 3, expand: 6, out: 320 },
] as const;
const stemChannels = 32;

/**
 * EfficientNet-Lite0 (Tan and Le 2019, in its form without squeezing) up to where classes would be told apart: pictures
 * [n, 3, 224, 224] in [-1, 1] -> features [n, 1280]. Norms are folded into the convolutions before them.
 */
export function efficientNetLite(model: ModelBuilder, pictures: Value): Value {
  let x = clip(convolution(model, 'stem', pictures, { out: stemChannels, kernel: 3, stride: 2 }), 0, 6);
  let index = 0;
  for (const { blocks, stride, kernel, expand, out } of stages)
    for (let i = 0; i < blocks; i++)
      x = block(model, `blocks.${index++}`, x, { kernel, expand, out, stride: i === 0 ? stride : 1 });
  x = clip(convolution(model, 'head', x, { out: featureLength, kernel: 1, stride: 1 }), 0, 6);
  return reshape(reduceMean(x, [2, 3]), [x.shape[0]!, featureLength]);
}

interface BlockShape {
  readonly kernel: number;
  readonly expand: number;
  readonly out: number;
  readonly stride: number;
}

/** A mobile inverted bottleneck: wider, along the picture channel by channel, narrower again. */
function block(model: ModelBuilder, name: string, x: Value, shape: BlockShape): Value {
  const { kernel, expand, out, stride } = shape;
  const channels = x.shape[1]!;
  const inside = channels * expand;
  const wide =
    expand === 1
      ? x
      : clip(convolution(model, `${name}.expand`, x, { out: inside, kernel: 1, stride: 1 }), 0, 6);
  const along = convolution(model, `${name}.depthwise`, wide, {
    ...{ out: inside, kernel, stride },
    groups: inside,
  });
  const narrow = convolution(model, `${name}.project`, clip(along, 0, 6), { out, kernel: 1, stride: 1 });
  return stride === 1 && channels === out ? add(narrow, x) : narrow;
}

interface ConvolutionShape {
  readonly out: number;
  readonly kernel: number;
  readonly stride: number;
  readonly groups?: number;
}

/** Padded as TensorFlow's SAME, which puts the odd row and column of padding last. */
function convolution(model: ModelBuilder, name: string, x: Value, shape: ConvolutionShape): Value {
  const { out, kernel, stride, groups = 1 } = shape;
  const channels = x.shape[1]! / groups;
  const weight = model.parameter(`${name}.weight`, [out, channels, kernel, kernel], weightKind);
  const bias = model.parameter(`${name}.bias`, [out], biasKind);
  const total = kernel - stride;
  const before = Math.floor(total / 2);
  const after = total - before;
  const padding = kernel === 1 ? ([0, 0, 0, 0] as const) : ([before, before, after, after] as const);
  return conv(x, weight, bias, { stride, padding, groups });
}

/** It is never trained here, so how it would begin does not matter. */
const weightKind: ParameterKind = { role: 'weight', initialization: { kind: 'constant', value: 0 } };
