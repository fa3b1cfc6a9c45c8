import { failureText } from '../../native/facts/failure-text.ts';
import { fitsInto } from '../../native/facts/usable-memory.ts';
import { Failure } from '../../native/failure.ts';
import type { TrainJob } from '../../native/jobs.ts';
import { chooseGpu, cudaOrder } from '../../native/runtime/cuda-gpus.ts';
import { cardRefusal, findPack, type GpuPackManifest, packRefusal } from '../../native/runtime/gpu-pack.ts';
import { mainMemory } from '../../native/runtime/main-memory.ts';
import { type NvidiaGpu, nvidiaGpus } from '../../native/runtime/nvidia-smi.ts';
import { type DeviceChoice, type Provider, usesMainMemory } from '../../native/runtime/runtime.ts';
import { planJobMemory, totalBytes, type TrainingMemory } from '../../native/training/memory-plan.ts';
import { waysToFit, type WayToFit } from '../../native/training/ways-to-fit.ts';

/** What a step of a job takes of memory, and what it may take. */
export interface PlannedMemory {
  readonly memory: TrainingMemory;
  /** Where it is thought to run. */
  readonly provider: Provider;
  /** Bytes that there are of it; null where that is not known. */
  readonly available: number | null;
  /** Those of a GPU that nothing else is using at this moment; null elsewhere. */
  readonly free: number | null;
  /** Where it does not fit: what would make it. */
  readonly ways: readonly WayToFit[];
}

/**
 * Plans a job's memory where it is to run. Null where the method trains no denoiser, or the base cannot be opened, which
 * whoever trains will be told.
 */
export async function memoryOf(job: TrainJob): Promise<PlannedMemory | null> {
  const { provider, gpu } = job.device;
  const device = provider ?? (await likelyProvider(gpu));
  const card = device === 'cuda' ? await cardOf(gpu) : null;
  // A card that does not say how much memory it has says nothing of what is free of it either.
  const told = card !== null && card.memoryMib > 0 ? card : null;
  const available = usesMainMemory(device) ? mainMemory() : told && told.memoryMib * 2 ** 20;
  const place = { provider: device, available };
  try {
    const memory = await planJobMemory(job, place);
    if (memory === null) return null;
    const fits = available === null || fitsInto(totalBytes(memory), available);
    const free = told && told.freeMib * 2 ** 20;
    return { memory, provider: device, available, free, ways: fits ? [] : await waysToFit(job, place) };
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

/** What "the best there is" will be, by what is cheap to know: the GPU where all is there that it needs, else the processor. */
async function likelyProvider(gpu: string | undefined): Promise<Provider> {
  const pack = findPack();
  if (pack?.fault !== null) return 'cpu';
  return isServed(cudaOrder(await recentGpus()), gpu, pack.manifest) ? 'cuda' : 'cpu';
}

/** Whether the card that a run would choose of these can compute by a pack, as card and driver have it. */
export function isServed(
  gpus: readonly NvidiaGpu[],
  wanted: string | undefined,
  manifest: GpuPackManifest,
): boolean {
  const card = chosenOf(gpus, wanted, (gpu) => cardRefusal([gpu], manifest) === null);
  return card !== null && packRefusal([card], manifest) === null;
}

/** What is amiss with the GPU asked for; null where none is, or it is there. */
export async function missingGpu({ provider, gpu }: DeviceChoice): Promise<string | null> {
  // Of another device it makes no difference which GPU is named.
  if (provider !== 'cuda' && (gpu === undefined || provider !== undefined)) return null;
  const gpus = cudaOrder(await recentGpus());
  if (gpus.length === 0) return 'There is no NVIDIA GPU here, or its driver is not installed.';
  try {
    chooseGpu(gpus, gpu);
    return null;
  } catch (error) {
    if (error instanceof Failure) return failureText(error);
    throw error;
  }
}

/** The card that CUDA would compute on. */
async function cardOf(wanted: string | undefined): Promise<NvidiaGpu | null> {
  return chosenOf(cudaOrder(await recentGpus()), wanted);
}

function chosenOf(...choice: Parameters<typeof chooseGpu>): NvidiaGpu | null {
  try {
    return chooseGpu(...choice).gpu;
  } catch (error) {
    // The run will say what is amiss with the choice.
    if (error instanceof Failure) return null;
    throw error;
  }
}

/** How long what the driver said holds, in milliseconds: a plan is made at every change of the form. */
const recent = 5000;
let asked: { readonly at: number; readonly gpus: Promise<readonly NvidiaGpu[]> } | null = null;

function recentGpus(): Promise<readonly NvidiaGpu[]> {
  if (asked === null || performance.now() - asked.at > recent)
    asked = { at: performance.now(), gpus: nvidiaGpus() };
  return asked.gpus;
}
