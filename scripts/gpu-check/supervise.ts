import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { killProcess } from '../../native/runtime/kill-process.ts';
import type { Provider } from '../../native/runtime/runtime.ts';
import type { Finding } from './check.ts';
import type { CheckEntry } from './checks.ts';

export interface CheckResult extends Finding {
  readonly name: string;
  readonly provider: Provider;
  readonly seconds: number;
}

export interface Supervision {
  readonly provider: Provider;
  readonly short: boolean;
  /** Beyond the check's own limit, what is left of all of it. */
  readonly secondsLeft: number;
  /** Run in place of `run-check.ts`, with the same arguments. */
  readonly script?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/** Names a check's folder to its process. */
export const folderVariable = 'SCREENFOLD_CHECK_FOLDER';

/** A processor on which much else is going on takes longer even for the short form. */
const slowness = 3;

/** Why a check was not made, or not to its end, that another call would make. */
export const noTime = 'no time was left';

/** How often a check goes on after a case that ended its process. */
const mostCrashes = 5;

/** After this a process that has ended, or was killed, is not waited for: one that waits for a driver may never end. */
const patienceMs = 2000;

/** Makes a check in processes of its own. Never throws for what it does: a crash or a hang is a finding. */
export async function supervise(check: CheckEntry, options: Supervision): Promise<CheckResult> {
  const folder = await mkdtemp(join(tmpdir(), 'gpu-check-'));
  try {
    const environment = { ...options.environment, [folderVariable]: folder };
    return await followed(check, { ...options, environment });
  } finally {
    // What a process that cannot be ended still writes to stays.
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function followed(check: CheckEntry, options: Supervision): Promise<CheckResult> {
  const begun = performance.now();
  const passed = (): number => (performance.now() - begun) / 1000;
  const own = check.seconds * (options.short ? slowness : 1);
  const limit = Math.min(own, options.secondsLeft);
  let found: Record<string, unknown> = {};
  const crashes: string[] = [];
  /** What the processes before the last found to be wrong. */
  const failedBefore: unknown[] = [];
  for (let after: string | null = null; ;) {
    const end = await runOnce(check.name, after, limit - passed(), options, (details) => {
      found = { ...found, ...details };
    });
    const at = typeof found.at === 'string' ? found.at : null;
    if (found.ended === true) break;
    if (end.timedOut || at === null || at === after || crashes.length >= mostCrashes) {
      const when = at === null ? '' : ` at: ${at}`;
      // What was cut short by the end of all of it, before its own limit, is not known to be wrong.
      const cutShort = end.timedOut && limit < own && failedBefore.length + failedOf(found).length === 0;
      found = {
        ...found,
        ...(cutShort ? { ok: null, skipped: noTime } : { ok: false }),
        error: `${end.how}${when}`,
        ...(end.words !== '' && { words: end.words }),
      };
      break;
    }
    crashes.push(`${end.how} at: ${at}`);
    failedBefore.push(...failedOf(found));
    // Told by now; the next process has its own.
    if ('failed' in found) found = { ...found, failed: [] };
    after = at;
  }
  const { ended: _, at: __, ...details } = found;
  const failed = [...failedBefore, ...failedOf(details)];
  return {
    ...details,
    name: check.name,
    provider: options.provider,
    seconds: Math.round(passed() * 10) / 10,
    ...howItWent(details),
    ...(crashes.length > 0 && { ok: false }),
    ...('failed' in details && { failed }),
    ...(crashes.length > 0 && { crashes }),
  };
}

function howItWent({ ok }: Readonly<Record<string, unknown>>): Finding {
  return typeof ok === 'boolean' || ok === null ? { ok } : { ok: false, error: 'it did not say how it went' };
}

/** What a check says of its cases that failed. */
function failedOf({ failed }: Readonly<Record<string, unknown>>): readonly unknown[] {
  return Array.isArray(failed) ? failed : [];
}

interface ProcessEnd {
  readonly how: string;
  readonly timedOut: boolean;
  /** The last of what it said to its log. */
  readonly words: string;
}

function runOnce(
  name: string,
  after: string | null,
  seconds: number,
  { provider, short, script, environment }: Supervision,
  onDetails: (details: Record<string, unknown>) => void,
): Promise<ProcessEnd> {
  const file = script ?? fileURLToPath(new URL('./run-check.ts', import.meta.url));
  const args = [file, name, provider, short ? 'short' : 'whole', ...(after === null ? [] : [after])];
  const child = spawn(process.execPath, args, {
    // Its end is how a check learns that nobody waits for it any more.
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let [timedOut, words, rest] = [false, '', ''];
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-2000);
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      const details = detailsOf(line);
      if (details) onDetails(details);
    }
  });
  child.stdin.on('error', () => undefined);
  return new Promise((resolve) => {
    let how = '';
    let later: NodeJS.Timeout | undefined;
    const leave = (): void => {
      clearTimeout(timer);
      clearTimeout(later);
      for (const stream of child.stdio) stream?.destroy();
      child.unref();
      resolve({
        how: timedOut ? `not done after ${Math.round(seconds)} s` : how,
        timedOut,
        words: words.trim(),
      });
    };
    const timer = setTimeout(
      () => {
        timedOut = true;
        killProcess(child);
        later = setTimeout(leave, patienceMs);
      },
      Math.max(0, seconds) * 1000,
    );
    child.on('error', ({ message }) => {
      how = `it could not be started (${message})`;
      leave();
    });
    child.on('exit', (code, signal) => {
      how = `its process ended (${signal ?? `exit code ${code ?? 0}`})`;
      // Something that it started may keep its streams open.
      later ??= setTimeout(leave, patienceMs);
    });
    child.on('close', leave);
  });
}

/** Drivers write on the same stream; what is no JSON object is theirs. */
function detailsOf(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{')) return null;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}
