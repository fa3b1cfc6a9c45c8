import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { ProbeResult } from './probe.ts';
import type { Provider } from './runtime.ts';

const run = promisify(execFile);

/** How long a driver may take to start, in milliseconds: the first start of CUDA compiles for minutes at worst. */
const timeout = 120_000;

/**
 * Tries a provider in a process of its own, since a broken driver can end the one it is loaded into. `script` is what
 * that process runs, by default `probe.ts`.
 */
export async function probeInChild(
  provider: Provider,
  script: string = fileURLToPath(new URL('./probe.ts', import.meta.url)),
): Promise<ProbeResult> {
  try {
    const { stdout } = await run(process.execPath, [script, provider], {
      timeout,
      // Electron's own executable then behaves as Node.
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    });
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as ProbeResult;
  } catch (error) {
    const { killed, signal, code } = error as { killed?: boolean; signal?: string | null; code?: number };
    const how = killed
      ? 'it did not answer in time'
      : `its driver ended the process (${signal ?? `exit code ${code ?? 0}`})`;
    return { works: false, detail: how, software: false };
  }
}
