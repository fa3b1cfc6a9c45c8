import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { gpuNames } from '../facts/gpu-names.ts';
import { Failure } from '../failure.ts';
import { libraryPath, loadOrt } from './c-api/library.ts';
import { chooseGpu, cudaOrder, gpuLabel } from './cuda-gpus.ts';
import { koffi } from './foreign-functions.ts';
import { cardRefusal, findPack, packNeeds, packRefusal } from './gpu-pack.ts';
import { type NvidiaGpu, nvidiaGpus } from './nvidia-smi.ts';
import { openRuntime } from './open-runtime.ts';
import { physicalCores } from './physical-cores.ts';
import { probeInChild } from './probe-in-child.ts';
import {
  type DeviceChoice,
  type DeviceTuning,
  type Provider,
  providerLabels,
  providers,
  type ProviderStatus,
  type Runtime,
  type RuntimeApi,
} from './runtime.ts';

/** What was found out about a provider, and whether to choose it unasked. */
interface Finding extends ProviderStatus {
  /** The device's name for the runtime's description. */
  readonly device: string;
  /** A driver that computes on the processor: it works, but slower than the CPU provider. */
  readonly software: boolean;
  /** Nobody would look for it here, so that it is no news that it does not serve. */
  readonly foreign?: boolean;
}

export interface ChosenRuntime extends Runtime {
  /** For a person: why each better provider, or the better way into ONNX Runtime, does not serve. */
  readonly notes: readonly string[];
}

/**
 * What this machine offers, in order of preference, in which a driver that computes on the processor comes after the CPU provider.
 * Providers are tried in processes of their own, once.
 */
export async function detectProviders(): Promise<ProviderStatus[]> {
  const findings = await Promise.all(providers.map(find));
  return findings
    .toSorted((a, b) => Number(a.software) - Number(b.software))
    .map(({ provider, available, reason }) => ({ provider, available, reason }));
}

/**
 * The runtime asked for, or the best there is: the first provider that works and is no software driver, through the C API
 * or, where that fails, onnxruntime-node. Throws `provider-unavailable` with the reason where a provider
 * was asked for by name and can't be had.
 */
export async function chooseRuntime(choice: DeviceChoice): Promise<ChosenRuntime> {
  const threads = choice.threads ?? physicalCores();
  const apis: readonly RuntimeApi[] = choice.api ? [choice.api] : ['c-api', 'node'];
  const notes: string[] = [];
  for (const provider of choice.provider ? [choice.provider] : providers) {
    const { available, device, software, foreign = software, reason } = await find(provider);
    const asked = choice.provider === provider;
    if (!available || (software && !asked)) {
      if (asked || !foreign) notes.push(`${providerLabels[provider]} is not used: ${reason}`);
      continue;
    }
    const gpus = provider === 'cuda' ? cudaOrder(await nvidiaGpus()) : [];
    const chosen = gpus.length > 0 ? chooseGpu(gpus, choice.gpu) : null;
    const unfit = chosen === null ? null : refusalHere([chosen.gpu], cardRefusal);
    if (unfit !== null) {
      notes.push(`${providerLabels[provider]} is not used: ${unfit}`);
      continue;
    }
    const label = deviceText(provider, threads, chosen === null ? device : gpuLabel(chosen, gpus));
    for (const api of apis) {
      try {
        const runtime = await openRuntime(provider, api, threads, label, tuningOf(choice), chosen?.number);
        return { ...runtime, notes };
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        notes.push(`${providerLabels[provider]} does not start through ${apiLabels[api]}: ${error.message}`);
      }
    }
  }
  throw new Failure(
    'provider-unavailable',
    notes.join(' '),
    'Choose another device, in the settings or by --device, or let Screenfold choose.',
  );
}

/** Why the GPU pack here cannot serve these GPUs, in a sentence; null where nothing says so. */
function refusalHere(gpus: readonly NvidiaGpu[], refusalOf: typeof cardRefusal | typeof packRefusal) {
  const pack = findPack();
  return pack === null ? null : (refusalOf(gpus, pack.manifest)?.message ?? null);
}

const apiLabels: Readonly<Record<RuntimeApi, string>> = { 'c-api': 'the C API', node: 'onnxruntime-node' };

const tuningOf = ({ tf32, cudaGraphs, convSearch }: DeviceChoice): DeviceTuning => ({
  ...(convSearch !== undefined && { convSearch }),
  ...(tf32 !== undefined && { tf32 }),
  ...(cudaGraphs !== undefined && { cudaGraphs }),
});

function deviceText(provider: Provider, threads: number, device: string): string {
  if (provider !== 'cpu') return `${providerLabels[provider]} on ${device}`;
  return threads === 0 ? 'CPU' : `CPU, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}

const findings = new Map<Provider, Promise<Finding>>();

function find(provider: Provider): Promise<Finding> {
  const known = findings.get(provider);
  if (known) return known;
  const finding = finders[provider]().then((found) => ({ provider, ...found }));
  findings.set(provider, finding);
  return finding;
}

type Found = Omit<Finding, 'provider'>;

const absent = (reason: string): Found => ({ available: false, device: '', software: false, reason });

const finders: Readonly<Record<Provider, () => Promise<Found>>> = {
  cuda: async () => {
    const gpus = await nvidiaGpus();
    const gpu = gpuNames(gpus);
    const found = `${gpu} ${gpus.length === 1 ? 'was' : 'were'} found`;
    if (gpus.length === 0) return absent('There is no NVIDIA GPU, or its driver is not installed.');
    const pack = findPack();
    if (pack?.fault === null) {
      const result = await tried('cuda', gpu);
      const why = result.available ? null : refusalHere(gpus, packRefusal);
      return why === null ? result : absent(`${why} ${result.reason}`);
    }
    if (pack !== null)
      return absent(`${found}, but the GPU pack is broken: ${pack.fault}. Repair it in the settings.`);
    if (!compiledIn().has('CUDAExecutionProvider')) {
      return absent(`${found}, but this build of ONNX Runtime does not support CUDA.`);
    }
    const missing = cudaLibraries.filter((name) => !existsSync(join(dirname(libraryPath()), name)));
    if (missing.length > 0) {
      const unfit = packRefusal(gpus, packNeeds);
      if (unfit !== null) return absent(unfit.message);
      return absent(
        `${found}, but ONNX Runtime's CUDA libraries are not installed: ${missing.join(', ')}. The GPU pack brings them.`,
      );
    }
    return tried('cuda', gpu);
  },
  directml: () => {
    if (process.platform !== 'win32')
      return Promise.resolve({ ...absent('DirectML is a part of Windows.'), foreign: true });
    if (!compiledIn().has('DmlExecutionProvider')) {
      return Promise.resolve(absent('This build of ONNX Runtime does not support DirectML.'));
    }
    return tried('directml', 'the fastest graphics adapter');
  },
  webgpu: () => {
    if (!compiledIn().has('WebGpuExecutionProvider')) {
      return Promise.resolve(absent('This build of ONNX Runtime does not support WebGPU.'));
    }
    return tried('webgpu', 'the default graphics adapter');
  },
  cpu: () => {
    const threads = physicalCores();
    const reason =
      threads === 0 ? 'Always there.' : `Always there; ${threads} ${threads === 1 ? 'core' : 'cores'}.`;
    return Promise.resolve({ available: true, device: '', software: false, reason });
  },
};

/** Libraries that ONNX Runtime loads beside its own when CUDA is asked for. */
const cudaLibraries: readonly string[] =
  process.platform === 'win32'
    ? ['onnxruntime_providers_shared.dll', 'onnxruntime_providers_cuda.dll']
    : ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'];

/** Providers this build of ONNX Runtime was compiled with; empty where its library does not load. */
function compiledIn(): ReadonlySet<string> {
  try {
    const ort = loadOrt();
    const names = new BigUint64Array(1);
    const count = new Int32Array(1);
    ort.call('GetAvailableProviders', names, count);
    const set = new Set(koffi.decode(names[0], 'char *', count[0]!) as string[]);
    ort.call('ReleaseAvailableProviders', names[0]!, count[0]!);
    return set;
  } catch {
    return new Set();
  }
}

/** What a process that tries the provider says, or that it ended without a word. */
async function tried(provider: Provider, device: string): Promise<Found> {
  const { works, detail, software } = await probeInChild(provider);
  if (!works) return absent(`It was tried and does not work: ${detail}.`);
  const name = detail === '' ? device : detail;
  return {
    available: true,
    device: software ? `${name} (software)` : name,
    software,
    reason: software
      ? `${name} is a software driver: it runs on the processor and is slower than the CPU provider.`
      : name,
  };
}
