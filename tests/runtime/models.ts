import type { DataType } from '../../native/graph/data-type.ts';
import { Graph, type Value } from '../../native/graph/graph.ts';
import { add, div, mul, sqrt, sub } from '../../native/graph/ops/elementwise.ts';
import { serializeModel } from '../../native/graph/serialize.ts';

type Model = Uint8Array<ArrayBuffer>;

function modelOf(
  graph: Graph,
  outputs: Readonly<Record<string, Value>>,
  initializers: readonly string[] = [],
): Model {
  return serializeModel(graph, outputs, { initializers }).model;
}

/** `x` [rows, inner] times `w` [inner, columns] plus `b` [columns] gives `y`; `xw` is the product alone. */
export function linear(
  rows: number,
  inner: number,
  columns: number,
  initializers: readonly string[] = [],
): Model {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [rows, inner]);
  const w = graph.input('w', 'float32', [inner, columns]);
  const b = graph.input('b', 'float32', [columns]);
  const xw = graph.node('MatMul', [x, w], {}, [{ type: 'float32', shape: [rows, columns] }])[0]!;
  return modelOf(graph, { xw, y: add(xw, b) }, initializers);
}

export const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0.01 } as const;

/**
 * AdamW on `p`, `m`, `v` and gradient `g`, `count` of each, [length]: inputs `p0`, `m0` …, outputs `p0'` …. The
 * scalar inputs `rate`, `c1` and `c2` are the learning rate and the reciprocals of both bias corrections.
 */
export function adamw(count: number, length: number): Model {
  const graph = new Graph();
  const rate = graph.input('rate', 'float32', []);
  const c1 = graph.input('c1', 'float32', []);
  const c2 = graph.input('c2', 'float32', []);
  const outputs: Record<string, Value> = {};
  for (let i = 0; i < count; i++) {
    const [p, m, v, g] = ['p', 'm', 'v', 'g'].map((name) =>
      graph.input(`${name}${i}`, 'float32', [length]),
    ) as [Value, Value, Value, Value];
    const m1 = add(mul(m, adam.beta1), mul(g, 1 - adam.beta1));
    const v1 = add(mul(v, adam.beta2), mul(mul(g, g), 1 - adam.beta2));
    const update = div(mul(m1, c1), add(sqrt(mul(v1, c2)), adam.epsilon));
    outputs[`m${i}'`] = m1;
    outputs[`v${i}'`] = v1;
    outputs[`p${i}'`] = sub(sub(p, mul(p, mul(rate, adam.decay))), mul(update, rate));
  }
  return modelOf(graph, outputs);
}

/** `x` of a type and shape goes through unchanged to `y`. */
export function identity(type: DataType, shape: readonly number[]): Model {
  const graph = new Graph();
  const x = graph.input('x', type, shape);
  return modelOf(graph, { y: graph.node('Identity', [x], {}, [{ type, shape }])[0]! });
}

/** A product of [length, length] matrices, `times` times over: something that takes a while. */
export function slow(length: number, times: number): Model {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [length, length]);
  let y = x;
  for (let i = 0; i < times; i++) {
    y = graph.node('MatMul', [y, x], {}, [{ type: 'float32', shape: [length, length] }])[0]!;
  }
  return modelOf(graph, { y });
}

/** A model whose declared output shape is not what its node gives. */
export function contradictory(): Model {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [4, 3]);
  return modelOf(graph, { y: graph.node('Identity', [x], {}, [{ type: 'float32', shape: [3, 4] }])[0]! });
}

/** `x` [2, 3] of float16 times two, as float32 `y`, and which of them are greater than one, `big`, and `count` + 1. */
export function mixedTypes(): Model {
  const graph = new Graph();
  const x = graph.input('x', 'float16', [2, 3]);
  const count = graph.input('count', 'int64', []);
  const wide = graph.node('Cast', [x], { to: { int: 1 } }, [{ type: 'float32', shape: [2, 3] }])[0]!;
  const big = graph.node('Greater', [wide, graph.scalar('float32', 1)], {}, [
    { type: 'bool', shape: [2, 3] },
  ])[0]!;
  const next = graph.node('Add', [count, graph.constant('int64', [], [1])], {}, [
    { type: 'int64', shape: [] },
  ])[0]!;
  return modelOf(graph, { y: mul(wide, 2), big, next });
}

/** Row `row` of `table` [2, 2] as `y`; there is no third. */
export function lookUp(): Model {
  const graph = new Graph();
  const table = graph.input('table', 'float32', [2, 2]);
  const row = graph.input('row', 'int64', []);
  return modelOf(graph, { y: graph.node('Gather', [table, row], {}, [{ type: 'float32', shape: [2] }])[0]! });
}

/** Adds up `x` spread over `side` by `side`, which has to be held whole. */
export function enormous(side: number): Model {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [1, 1]);
  const target = graph.constant('int64', [2], [side, side]);
  const spread = graph.node('Expand', [x, target], {}, [{ type: 'float32', shape: [side, side] }])[0]!;
  const turned = graph.node('Transpose', [spread], {}, [{ type: 'float32', shape: [side, side] }])[0]!;
  const sum = graph.node('ReduceSum', [add(turned, spread)], { keepdims: { int: 0 } }, [
    { type: 'float32', shape: [] },
  ])[0]!;
  return modelOf(graph, { y: sum });
}
