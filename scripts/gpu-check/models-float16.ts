import { messageOf } from '../../native/failure.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { gradientVanishes, squaredModel } from '../../tests/models/squared-model.ts';
import { type Check, exact } from './check.ts';
import { runGraph, worstDifference } from './run-graph.ts';

const names = ['unet-sd1', 'clip-sd1', 'vae-3-levels'] as const;
/**
 * Of gradients beside the processor's float32: roundings of 2^-11 through all layers and back, 5e-3 where products are added
 * up in float32, 2e-2 where that too is done in float16, as WebGPU does.
 */
const tolerance = 3e-2;

/** UNet, text encoder and autoencoder in float16, forward and backward. */
export const float16Models: Check = async ({ open, openCpu, report, short }) => {
  const [device, cpu] = [await open(exact), await openCpu()];
  const worst: Record<string, unknown> = {};
  let ok = true;
  for (const name of short ? names.slice(1, 2) : names) {
    try {
      const expected = await gradientsOf(cpu, name, 'float32');
      const found = worstDifference(await gradientsOf(device, name, 'float16'), expected);
      worst[name] = found;
      ok &&= found.difference <= tolerance;
    } catch (error) {
      worst[name] = messageOf(error);
      ok = false;
    }
    report({ worst });
  }
  return { ok, worst, tolerance };
};

async function gradientsOf(
  runtime: Runtime,
  name: (typeof names)[number],
  type: 'float16' | 'float32',
): Promise<Map<string, Float32Array>> {
  const { model, gradientOf } = await squaredModel(name, type, runtime.provider);
  const kept = Object.entries(gradientOf).filter(([key]) => !gradientVanishes(key));
  return runGraph(runtime, model.graph, Object.fromEntries(kept), model.data);
}
