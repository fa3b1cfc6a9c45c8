import { fileURLToPath } from 'node:url';

import type { ProbeResult } from './probe.ts';
import { outputOf } from './program-output.ts';
import type { Provider } from './runtime.ts';

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
  const { printed, timedOut, how } = await outputOf(process.execPath, [script, provider], timeout);
  const found = resultIn(printed);
  if (found !== null) return found;
  const detail = timedOut
    ? 'it did not answer in time'
    : `its driver ended the process (${how ?? 'exit code 0'})`;
  return { works: false, detail, software: false };
}

/** What a probe found, the last of what it wrote; drivers write on the same stream, after it too. */
export function resultIn(printed: string): ProbeResult | null {
  for (const line of printed.split('\n').reverse()) {
    if (!line.startsWith('{')) continue;
    try {
      const { works, detail, software } = JSON.parse(line) as Record<string, unknown>;
      if (typeof works === 'boolean' && typeof detail === 'string' && typeof software === 'boolean')
        return { works, detail, software };
    } catch {
      // A driver's.
    }
  }
  return null;
}
