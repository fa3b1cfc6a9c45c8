import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { ProbeResult } from './probe.ts';
import type { Provider } from './runtime.ts';

const run = promisify(execFile);

/** How long a driver may take to start, in milliseconds: the first start of CUDA compiles for minutes at worst. */
const timeout = 120_000;

/**
 * What whoever started this process found out before, as `{"webgpu": {…}}`: the desktop's engine cannot start
 * processes itself.
 */
function foundBefore(provider: Provider): ProbeResult | null {
  const probes = JSON.parse(process.env.SCREENFOLD_PROBES ?? '{}') as Partial<Record<Provider, ProbeResult>>;
  return probes[provider] ?? null;
}

/**
 * Tries a provider in a process of its own, since a broken driver can end the one it is loaded into. `script` is what
 * that process runs, by default `probe.ts`.
 */
export async function probeInChild(
  provider: Provider,
  script: string = fileURLToPath(new URL('./probe.ts', import.meta.url)),
): Promise<ProbeResult> {
  const known = foundBefore(provider);
  if (known !== null) return known;
  try {
    const { stdout } = await run(process.execPath, [script, provider], { timeout });
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as ProbeResult;
  } catch (error) {
    const { killed, signal, code } = error as { killed?: boolean; signal?: string | null; code?: number };
    const how = killed
      ? 'it did not answer in time'
      : `its driver ended the process (${signal ?? `exit code ${code ?? 0}`})`;
    return { works: false, detail: how, software: false };
  }
}
