import { totalmem } from 'node:os';

import { Failure } from '../../native/failure.ts';
import type { TrainJob } from '../../native/jobs.ts';
import { type Provider, usesMainMemory } from '../../native/runtime/runtime.ts';
import { planJobMemory, type TrainingMemory } from '../../native/training/memory-plan.ts';

/**
 * What a step of the job takes of memory. Null where the method trains no denoiser, or the base cannot be opened, which
 * whoever trains will be told.
 */
export async function memoryOf(job: TrainJob, provider: Provider | null): Promise<TrainingMemory | null> {
  const device = provider ?? 'cpu';
  const place = { provider: device, available: usesMainMemory(device) ? totalmem() : null };
  try {
    return await planJobMemory(job, place);
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}
