import { totalmem } from 'node:os';

import { Failure } from '../../native/failure.ts';
import type { TrainJob } from '../../native/jobs.ts';
import { nvidiaGpus } from '../../native/runtime/nvidia-smi.ts';
import { type Provider, usesMainMemory } from '../../native/runtime/runtime.ts';
import { planJobMemory, totalBytes, type TrainingMemory } from '../../native/training/memory-plan.ts';
import { waysToFit, type WayToFit } from '../../native/training/ways-to-fit.ts';

/** What a step of a job takes of memory, and what it may take. */
export interface PlannedMemory {
  readonly memory: TrainingMemory;
  /** Bytes that there are of it; null where that is not known. */
  readonly available: number | null;
  /** Where it does not fit: what would make it. */
  readonly ways: readonly WayToFit[];
}

/**
 * Plans a job's memory where it is to run; `provider` null: where that is not said, as on the processor. Null where the method
 * trains no denoiser, or the base cannot be opened, which whoever trains will be told.
 */
export async function memoryOf(job: TrainJob, provider: Provider | null): Promise<PlannedMemory | null> {
  const device = provider ?? 'cpu';
  const available = usesMainMemory(device) ? totalmem() : await graphicsMemory(device);
  const place = { provider: device, available };
  try {
    const memory = await planJobMemory(job, place);
    if (memory === null) return null;
    const fits = available === null || totalBytes(memory) < available;
    return { memory, available, ways: fits ? [] : await waysToFit(job, place) };
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

/** Of the card that CUDA would compute on. */
async function graphicsMemory(device: Provider): Promise<number | null> {
  if (device !== 'cuda') return null;
  const [first] = await nvidiaGpus();
  return first ? first.memoryMib * 2 ** 20 : null;
}
