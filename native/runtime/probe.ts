/**
 * A process of its own that tries one provider and writes what it found as one line of JSON. Drivers that are broken
 * or missing may end it at any point, which then is the finding.
 *
 * Called as `probe.ts <provider>`.
 */
import { messageOf } from '../failure.ts';
import { chooseGpu, cudaOrder } from './cuda-gpus.ts';
import { nvidiaGpus } from './nvidia-smi.ts';
import { openRuntime } from './open-runtime.ts';
import { type Provider, providers } from './runtime.ts';
import { tryOut } from './try-out.ts';
import { vulkanDevices } from './vulkan.ts';

export interface ProbeResult {
  readonly works: boolean;
  /** The device's name, or why there is none. */
  readonly detail: string;
  /** The device is a software driver that runs on the processor: it works, but the CPU provider is faster. */
  readonly software: boolean;
}

async function probe(provider: Provider): Promise<ProbeResult> {
  // WebGPU goes through Vulkan on Linux; elsewhere the system always has an adapter of its own.
  const devices = provider === 'webgpu' && process.platform === 'linux' ? vulkanDevices() : null;
  if (devices?.length === 0) {
    return { works: false, detail: 'Vulkan finds no graphics card', software: false };
  }
  // Of several, the one that is used unasked: another may be too old for CUDA.
  const gpus = provider === 'cuda' ? cudaOrder(await nvidiaGpus()) : [];
  const gpu = gpus.length === 0 ? 0 : chooseGpu(gpus).number;
  const runtime = await openRuntime(provider, 'c-api', 1, provider, {}, gpu);
  const why = await tryOut(runtime);
  const device = devices?.find(({ software }) => !software) ?? devices?.[0];
  return {
    works: why === null,
    detail: why ?? device?.name ?? '',
    software: device?.software ?? false,
  };
}

const provider = providers.find((name) => name === process.argv[2]);
if (!provider) throw new Error(`${process.argv[2] ?? 'Nothing'} is not a provider.`);
const result = await probe(provider).catch((error: unknown): ProbeResult => ({
  works: false,
  detail: messageOf(error),
  software: false,
}));
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
