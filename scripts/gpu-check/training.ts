import type { ComputePrecision } from '../../native/facts/precision.ts';
import { usedGpuMemory } from '../../native/runtime/nvidia-smi.ts';
import type { DeviceTuning } from '../../native/runtime/runtime.ts';
import { totalElements } from '../../native/training/artifacts.ts';
import { readBenchSettings, readFullSize } from '../../tests/reference/fixture.ts';
import {
  type BegunDenoisingStep,
  denoisingArtifacts,
  type DenoisingStep,
  openDenoisingStep,
} from '../full-size/denoising-step.ts';
import { quickWeights } from '../full-size/quick-weights.ts';
import type { Check } from './check.ts';
import { median } from './median.ts';

/** Stable Diffusion 1.x at 512 px; in short, a small UNet of the same architecture. */
async function stepOf(method: DenoisingStep['method'], rows: number, short: boolean): Promise<DenoisingStep> {
  if (!short) return { method, config: (await readFullSize('sd1-unet')).config, rows, size: 64, tokens: 77 };
  const { unet, height, tokens } = await readBenchSettings();
  return { method, config: unet, rows, size: height, tokens };
}

/** Steps after the second, until there are so many or this time is over. */
const [mostSteps, mostSeconds] = [20, 15];

export interface TrainingWay {
  readonly tuning?: DeviceTuning;
  readonly precision?: ComputePrecision;
  /** Whether what is inside of modules is computed again on the way back. */
  readonly recompute?: boolean;
  /** Whether a step is begun only when the one before has told its loss, as it is not where training runs ahead. */
  readonly waits?: boolean;
}

/** Seconds of a training step, and what it takes of the device's memory. */
export function training(
  method: DenoisingStep['method'],
  rows: number,
  { tuning, precision = 'float32', recompute = false, waits = false }: TrainingWay = {},
): Check {
  return async ({ open, report, short }) => {
    const step = { ...(await stepOf(method, rows, short)), recompute };
    const before = usedGpuMemory();
    const seconds = stopwatch();
    const runtime = await open(tuning);
    report({ runtime: runtime.description, openSeconds: seconds(), ...(tuning && { tuning }) });
    const artifacts = denoisingArtifacts(step, runtime, precision);
    report({
      graphSeconds: seconds(),
      parameters: totalElements([...artifacts.trainable, ...artifacts.frozen]),
      trainable: totalElements(artifacts.trainable),
      rows,
      latents: step.size,
      precision,
      recompute,
    });
    const { trainer, begin } = await openDenoisingStep(step, runtime, artifacts, quickWeights);
    report({ loadSeconds: seconds() });
    const [times, losses, memory]: [number[], number[], Record<number, number>] = [[], [], {}];
    const begun = performance.now();
    const underWay: BegunDenoisingStep[] = [];
    const settle = async (most: number): Promise<void> => {
      while (underWay.length > most) losses.push(...(await underWay.shift()!.outcome));
    };
    seconds();
    for (let number = 1; number <= (short ? 4 : mostSteps + 2); number++) {
      underWay.push(await begin(number));
      // As training does, one is begun before the last has told its loss; memory is asked for when none is under way.
      const measured = [1, 2, 5, mostSteps].includes(number);
      await settle(trainer.runsAhead && !waits && !measured ? 1 : 0);
      times.push(seconds());
      if (measured) {
        const used = usedGpuMemory();
        if (before !== null && used !== null) memory[number] = used - before;
        seconds();
      }
      // The first two make memory's layout and choose kernels.
      report({ firstSteps: times.slice(0, 2), losses, memoryMibAfterStep: memory });
      if (number > 2) report({ secondsPerStep: median(times.slice(2)), steps: number });
      if (number >= 5 && (performance.now() - begun) / 1000 > mostSeconds) break;
    }
    await settle(0);
    await trainer.dispose();
    await runtime.dispose();
    const finite = losses.every(Number.isFinite);
    const grown = grownMib(memory);
    return {
      ok: finite && (grown ?? 0) <= mostGrownMib,
      losses,
      runsAhead: trainer.runsAhead && !waits,
      ...(grown !== null && { grownMib: grown }),
      peakHostMib: Math.round(process.resourceUsage().maxRSS / 1024),
    };
  };
}

/** What the driver's tool rounds and other programs take meanwhile. */
const mostGrownMib = 32;

/** How much the device's memory grew after the second step, by which it has been laid out; null where it was not measured. */
export function grownMib(afterStep: Readonly<Record<number, number>>): number | null {
  const last = Math.max(...Object.keys(afterStep).map(Number));
  const laidOut = afterStep[2];
  return laidOut === undefined || last <= 2 ? null : afterStep[last]! - laidOut;
}

/** Seconds since the last call. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const passed = (now - last) / 1000;
    last = now;
    return passed;
  };
}
