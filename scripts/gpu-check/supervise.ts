import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

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

/** A processor on which much else is going on takes longer even for the short form. */
const slowness = 3;

/** Why a check was not made, or not to its end, that another call would make. */
export const noTime = 'no time was left';

/** How often a check goes on after a case that ended its process. */
const mostCrashes = 5;

/** Makes a check in processes of its own. Never throws for what it does: a crash or a hang is a finding. */
export async function supervise(check: CheckEntry, options: Supervision): Promise<CheckResult> {
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
      const cutShort = end.timedOut && limit < own && !foundWrong(found);
      found = {
        ...found,
        ...(cutShort ? { ok: null, skipped: noTime } : { ok: false }),
        error: `${end.how}${when}`,
        ...(end.words !== '' && { words: end.words }),
      };
      break;
    }
    crashes.push(`${end.how} at: ${at}`);
    if (Array.isArray(found.failed)) failedBefore.push(...(found.failed as unknown[]));
    after = at;
  }
  const { ended: _, at: __, ...details } = found;
  return {
    name: check.name,
    provider: options.provider,
    seconds: Math.round(passed() * 10) / 10,
    ...details,
    ok: crashes.length > 0 ? false : ((details.ok as boolean | null | undefined) ?? null),
    ...(failedBefore.length > 0 && { failed: [...failedBefore, ...(details.failed as unknown[])] }),
    ...(crashes.length > 0 && { crashes }),
  };
}

/** Of a check of many cases: whether one was wrong already. */
const foundWrong = ({ failed }: Readonly<Record<string, unknown>>): boolean =>
  typeof failed === 'object' && failed !== null && Object.keys(failed).length > 0;

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
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let [timedOut, words, rest] = [false, '', ''];
  const timer = setTimeout(
    () => {
      timedOut = true;
      child.kill('SIGKILL');
    },
    Math.max(0, seconds) * 1000,
  );
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
  return new Promise((resolve) => {
    const ended = (how: string): void => {
      clearTimeout(timer);
      resolve({ how, timedOut, words: words.trim() });
    };
    child.on('error', ({ message }) => {
      ended(`it could not be started (${message})`);
    });
    child.on('close', (code, signal) => {
      if (timedOut) ended(`not done after ${Math.round(seconds)} s`);
      else ended(`its process ended (${signal ?? `exit code ${code ?? 0}`})`);
    });
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
