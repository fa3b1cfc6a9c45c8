import type { ComputePrecision } from '../../native/facts/precision.ts';
import type { DeviceTuning } from '../../native/runtime/runtime.ts';
import {
  followSteps,
  referenceSteps,
  type StepVariant,
  stepVariants,
} from '../../tests/training/followed-steps.ts';
import { type Check, type CheckContext, exact, type Finding } from './check.ts';

/** Twenty losses and norms of the tiny UNet, all of it trained. */
export const fullLosses: Check = (context) => compare(context, 'plain');

export const loraLosses: Check = (context) => compare(context, 'lora');

/** The same in float16. */
export const fullLossesInHalf: Check = (context) => compare(context, 'plain', 'float16');

export const loraLossesInHalf: Check = (context) => compare(context, 'lora', 'float16');

/** The same by CUDA graphs: batches change from step to step, and the losses have to follow. */
export const lossesOfGraphs: Check = (context) => compare(context, 'plain', 'float32', { cudaGraphs: true });

/** The same where the host waits only to read. */
export const lossesOfOneStream: Check = (context) =>
  compare(context, 'plain', 'float32', { oneStream: true });

/** Relative, of float16 beside the processor's, which adds up in float32: of the losses, and of ten times as much of the norms. */
const halfTolerance = 1e-2;

/** Relative, of float32 sums in another order over twenty steps. */
const tolerance = 1e-4;

async function compare(
  { open, openCpu, report, short }: CheckContext,
  name: StepVariant['name'],
  precision: ComputePrecision = 'float32',
  tuning: DeviceTuning = {},
): Promise<Finding> {
  const variant = stepVariants.find((one) => one.name === name)!;
  const length = short ? 4 : referenceSteps;
  const device = await open({ ...exact, ...tuning });
  const way = { onePass: true, matrixConv: device.prefersMatrixConv, precision };
  const first = await followSteps(device, variant, length, way);
  const onDevice = !device.tensorsAreArrays;
  report({ losses: first.losses, stateOnDevice: onDevice });
  const again = await followSteps(device, variant, length, way);
  const cpu = await openCpu();
  const expected = await followSteps(cpu, variant, length, {
    onePass: true,
    matrixConv: cpu.prefersMatrixConv,
    precision,
  });
  for (const { trainer } of [first, again, expected]) await trainer.dispose();

  const worst = (mine: readonly number[], theirs: readonly number[]): number =>
    Math.max(...mine.map((value, i) => Math.abs(value / theirs[i]! - 1)));
  const differences = {
    losses: worst(first.losses, expected.losses),
    norms: worst(first.norms, expected.norms),
  };
  const repeats = [first.losses, first.norms].join() === [again.losses, again.norms].join();
  const allowed = precision === 'float16' ? halfTolerance : tolerance;
  const close = differences.losses <= allowed && differences.norms <= 10 * allowed;
  return {
    ok: close && repeats && (onDevice || device.provider === 'cpu'),
    steps: length,
    differences,
    tolerance: allowed,
    scales: [...new Set(first.scales)],
    // The same numbers again, to the last bit.
    repeats,
    stateOnDevice: onDevice,
  };
}
