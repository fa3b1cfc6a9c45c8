import { availableParallelism, cpus, freemem, release, totalmem } from 'node:os';

import { messageOf } from '../../native/failure.ts';
import { loadOrt } from '../../native/runtime/c-api/library.ts';
import { type NvidiaGpu, nvidiaGpus } from '../../native/runtime/nvidia-smi.ts';
import type { ProbeResult } from '../../native/runtime/probe.ts';
import { detectProviders } from '../../native/runtime/providers.ts';
import type { Provider, ProviderStatus } from '../../native/runtime/runtime.ts';

export interface MachineFacts {
  readonly system: string;
  readonly node: string;
  readonly onnxRuntime: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly freeGib: number;
  readonly gpus: readonly NvidiaGpu[];
  readonly providers: readonly ProviderStatus[];
}

/** The machine, and what was found out about providers that work, for processes that would find it out again. */
export async function machineFacts(): Promise<
  MachineFacts & { readonly probes: Readonly<Partial<Record<Provider, ProbeResult>>> }
> {
  const found = await detectProviders();
  const tried = found.filter(({ provider, available }) => available && provider !== 'cpu');
  const gib = (bytes: number): number => Math.round((bytes / 2 ** 30) * 10) / 10;
  return {
    system: `${process.platform} ${process.arch} ${release()}`,
    node: process.version,
    onnxRuntime: onnxRuntimeVersion(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: gib(totalmem()),
    freeGib: gib(freemem()),
    gpus: await nvidiaGpus(),
    providers: found,
    probes: Object.fromEntries(
      tried.map(({ provider, reason }) => [
        provider,
        { works: true, detail: reason, software: reason.includes('software driver') },
      ]),
    ),
  };
}

function onnxRuntimeVersion(): string {
  try {
    return loadOrt().version;
  } catch (error) {
    return messageOf(error);
  }
}
