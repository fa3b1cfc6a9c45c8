import type { GpuLoad } from '../../../electron/contract/gpu.ts';
import { cardMemoryText } from '../../../electron/contract/quantities.ts';

export interface GpuFigure {
  readonly name: string;
  readonly value: string;
}

/** The GPU a run computes on: the one chosen, else the one with most memory in use. */
export function gpuOfRun(gpus: readonly GpuLoad[], place: string | null): GpuLoad | null {
  const chosen = gpus.find(({ busId }) => busId === place);
  const used = ({ memoryMib, freeMib }: GpuLoad) => memoryMib - freeMib;
  return chosen ?? gpus.toSorted((a, b) => used(b) - used(a))[0] ?? null;
}

/** What is said of it while a run trains; what its driver does not say is left out. */
export function gpuFigures({ memoryMib, freeMib, utilization, temperature }: GpuLoad): readonly GpuFigure[] {
  return [
    ...(utilization === null ? [] : [{ name: 'GPU busy', value: `${utilization} %` }]),
    {
      name: 'GPU memory',
      value: `${cardMemoryText(memoryMib - freeMib)} of ${cardMemoryText(memoryMib)}`,
    },
    ...(temperature === null ? [] : [{ name: 'GPU temperature', value: `${temperature} °C` }]),
  ];
}

/** How many times slower than planned is a fault and no chance. */
const suspicious = 3;
/** Share of the memory below which a GPU is full. */
const full = 0.03;

/**
 * Where a run is many times slower than it was planned to be, on a GPU whose memory is full: drivers on Windows then use the
 * computer's own memory without a word. Null where all is well, or nothing was planned.
 */
export function spillWarning(
  { memoryMib, freeMib }: GpuLoad,
  imagesPerSecond: number | null,
  planned: number | null,
): string | null {
  if (imagesPerSecond === null || planned === null) return null;
  const slower = planned / imagesPerSecond;
  if (slower < suspicious || freeMib > full * memoryMib) return null;
  return `The GPU’s memory is full, and the run is ${Math.round(slower)} times slower than planned. Close what else uses the GPU, or pause the run and take a smaller batch or resolution.`;
}
