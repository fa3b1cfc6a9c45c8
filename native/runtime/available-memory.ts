import { Failure } from '../failure.ts';
import { chooseGpu, cudaOrder } from './cuda-gpus.ts';
import { type NvidiaGpu, nvidiaGpus } from './nvidia-smi.ts';
import { type Provider, usesMainMemory } from './runtime.ts';

/**
 * Bytes that may still be taken where a provider computes: of main memory, or of a GPU of CUDA's, the one that was asked for or that
 * would be chosen. Null where nothing says.
 */
export async function availableMemory(
  { provider }: { readonly provider: Provider },
  gpu: string | undefined,
  list: () => Promise<readonly NvidiaGpu[]> = nvidiaGpus,
): Promise<number | null> {
  if (usesMainMemory(provider)) return process.availableMemory();
  if (provider !== 'cuda') return null;
  try {
    const { memoryMib, freeMib } = chooseGpu(cudaOrder(await list()), gpu).gpu;
    // The driver's tool has `[N/A]` for what it does not know.
    return memoryMib > 0 && Number.isFinite(freeMib) ? freeMib * 2 ** 20 : null;
  } catch (error) {
    // It computes all the same, so the driver's tool alone is missing.
    if (error instanceof Failure) return null;
    throw error;
  }
}
