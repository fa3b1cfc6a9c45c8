import type { Value } from '../graph/graph.ts';
import { add, erf, exp, mul, sigmoid, sub } from '../graph/ops/elementwise.ts';

/** x · sigmoid(k·x): SiLU for k = 1, CLIP's quick GELU for k = 1.702. */
function scaledSilu(x: Value, k: number): Value {
  return x.graph.block([x], () => {
    const s = sigmoid(k === 1 ? x : mul(x, k));
    const y = mul(x, s);
    // d/dx = s + k·y·(1 - s), which keeps two tensors instead of the three of the chain rule.
    const gradient = (dy: Value | null): Value => mul(dy!, add(s, mul(k === 1 ? y : mul(y, k), sub(1, s))));
    return { outputs: [y], gradient: ([dy]) => [gradient(dy!)] };
  })[0]!;
}

export const silu = (x: Value): Value => scaledSilu(x, 1);

/** Sigmoid approximation of GELU that OpenAI's CLIP was trained with. */
export const quickGelu = (x: Value): Value => scaledSilu(x, 1.702);

/** Exact GELU, x·Φ(x). */
export function gelu(x: Value): Value {
  return x.graph.block([x], () => {
    const t = mul(x, Math.SQRT1_2);
    const phi = mul(add(erf(t), 1), 0.5);
    // x·φ(x) = t·exp(log(1 / √π) - t²), φ being the normal density.
    const slope = (): Value => mul(t, exp(sub(-0.5 * Math.log(Math.PI), mul(t, t))));
    return { outputs: [mul(x, phi)], gradient: ([dy]) => [mul(dy!, add(phi, slope()))] };
  })[0]!;
}

/** The activation a config calls by that name, or `null` for one unknown. */
export function activation(name: string): ((x: Value) => Value) | null {
  return { silu, swish: silu, quick_gelu: quickGelu, gelu }[name] ?? null;
}
