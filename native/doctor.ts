import { messageOf } from './failure.ts';
import type { DeviceReport, DoctorJob, DoctorResult, JobContext } from './jobs.ts';
import { loadOrt } from './runtime/c-api/library.ts';
import { nvidiaGpus } from './runtime/nvidia-smi.ts';
import { productRate } from './runtime/product-rate.ts';
import { chooseRuntime, detectProviders } from './runtime/providers.ts';
import type { Provider, ProviderStatus } from './runtime/runtime.ts';

/** What this machine can compute on, why not on the rest, and how fast; every device that works has to show it. */
export async function examine(_job: DoctorJob, { stop }: JobContext): Promise<DoctorResult> {
  const devices: DeviceReport[] = [];
  for (const found of await detectProviders()) {
    stop.throwIfAborted();
    devices.push({ ...found, ...(found.available ? await measured(found) : { rate: null, problem: null }) });
  }
  const computing = devices.filter(({ rate }) => rate !== null).map(({ provider }) => provider);
  return {
    kind: 'doctor',
    onnxRuntime: onnxRuntimeVersion(),
    gpus: await nvidiaGpus(),
    devices,
    trainsOn: await chosenAmong(computing),
  };
}

async function measured({ provider }: ProviderStatus): Promise<Pick<DeviceReport, 'rate' | 'problem'>> {
  try {
    const runtime = await chooseRuntime({ provider });
    try {
      return { rate: await productRate(runtime), problem: null };
    } finally {
      await runtime.dispose();
    }
  } catch (error) {
    return { rate: null, problem: messageOf(error) };
  }
}

/** What is chosen unasked where that computes, else the best that does. */
async function chosenAmong(computing: readonly Provider[]): Promise<Provider | null> {
  const runtime = await chooseRuntime({}).catch(() => null);
  await runtime?.dispose();
  const chosen = computing.find((provider) => provider === runtime?.provider);
  return chosen ?? computing[0] ?? null;
}

function onnxRuntimeVersion(): string | null {
  try {
    return loadOrt().version;
  } catch {
    return null;
  }
}
