import { Failure } from '../failure.ts';
import { cardRefusal, findPack } from './gpu-pack.ts';
import type { NvidiaGpu } from './nvidia-smi.ts';

/** A GPU and the number that CUDA knows it by. */
export interface CudaGpu {
  readonly gpu: NvidiaGpu;
  readonly number: number;
}

/** Makes CUDA count GPUs as the driver's tool does, by their places, and not the fastest first. Before it is loaded. */
export function countByPlace(environment: NodeJS.ProcessEnv = process.env): void {
  environment.CUDA_DEVICE_ORDER = 'PCI_BUS_ID';
}

/** The GPUs as CUDA counts them by place, of which `CUDA_VISIBLE_DEVICES` may show it fewer, in another order. */
export function cudaOrder(
  gpus: readonly NvidiaGpu[],
  visible: string | undefined = process.env.CUDA_VISIBLE_DEVICES,
): readonly NvidiaGpu[] {
  if (visible === undefined) return gpus;
  const shown: NvidiaGpu[] = [];
  for (const name of visible.split(',').map((part) => part.trim())) {
    // A GPU may also be named by what only CUDA knows: then there is nothing to choose among.
    if (/^(GPU|MIG)-/.test(name)) return gpus.slice(0, 1);
    const gpu = /^\d+$/.test(name) ? gpus[Number(name)] : undefined;
    // CUDA, too, stops at the first that is none.
    if (gpu === undefined) break;
    shown.push(gpu);
  }
  return shown;
}

/**
 * The GPU asked for, by its place (`00000000:01:00.0`) or its number, or the one with most free memory of those that
 * `isServed`, if there are any: by default, of those that the GPU pack here has code for. Throws `gpu-missing` where it is not there.
 */
export function chooseGpu(
  gpus: readonly NvidiaGpu[],
  wanted?: string,
  isServed: (gpu: NvidiaGpu) => boolean = servedHere(),
): CudaGpu {
  const numbered = gpus.map((gpu, number) => ({ gpu, number }));
  const served = numbered.filter(({ gpu }) => isServed(gpu));
  const found =
    wanted === undefined
      ? (served.length > 0 ? served : numbered).reduce<CudaGpu | undefined>(
          (best, each) => (best && best.gpu.freeMib >= each.gpu.freeMib ? best : each),
          undefined,
        )
      : numbered.find(({ gpu, number }) => samePlace(gpu.busId, wanted) || String(number) === wanted);
  if (found !== undefined) return found;
  const there = numbered.map(({ gpu, number }) => `${number}: ${gpu.name}`).join(', ');
  throw new Failure(
    'gpu-missing',
    wanted === undefined ? 'There is no NVIDIA GPU.' : `There is no GPU ${wanted} in this computer.`,
    there === ''
      ? 'Choose another device, or let Screenfold choose.'
      : `There is ${there}. Choose one of these, or let Screenfold choose.`,
  );
}

/** Tools differ in letters' case and in how many zeros they begin with: `0000:c1:00.0`. */
function samePlace(a: string, b: string): boolean {
  const [one, other] = [a, b].map((place) => place.toLowerCase().replace(/^0+(?=[\da-f]+:)/, ''));
  return one === other;
}

/** Without a pack nothing says which cards there is code for. */
function servedHere(): (gpu: NvidiaGpu) => boolean {
  const pack = findPack();
  return (gpu) => pack === null || cardRefusal([gpu], pack.manifest) === null;
}

/** `NVIDIA GeForce RTX 4090`; where there are several, also its number. */
export function gpuLabel({ gpu, number }: CudaGpu, gpus: readonly NvidiaGpu[]): string {
  return gpus.length > 1 ? `${gpu.name} (GPU ${number})` : gpu.name;
}
