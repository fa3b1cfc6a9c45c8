import { endOf } from './stream-end.ts';
import type { ForkUtility } from './utility-engine.ts';

/** Providers whose drivers may end the process they are tried in. */
const tried = ['cuda', 'directml', 'webgpu'] as const;

/** How long a driver may take to start, in milliseconds: the first start of CUDA compiles for minutes at worst. */
const patience = 120_000;

/** What is known of drivers. */
export interface DriverProbes {
  /** Of an engine: what its drivers were found to do. */
  readonly environment: () => Promise<Readonly<NodeJS.ProcessEnv>>;
  /** Has them tried anew when that is asked for next. */
  readonly forgetDrivers: () => void;
}

/**
 * What providers' drivers do, tried once in processes of their own and told to each engine by its environment: an
 * engine of the desktop cannot start processes itself, since the program is no Node for anybody. They are tried anew when
 * `libraries`, by which they compute, are others.
 */
export function probeOnce(
  fork: ForkUtility,
  entry: string,
  libraries: () => string = () => '',
): DriverProbes {
  let probing: Promise<Readonly<NodeJS.ProcessEnv>> | null = null;
  let probedWith = '';
  const probeAll = async () => {
    const found = await Promise.all(
      tried.map(async (provider) => [provider, await probe(fork, entry, provider)]),
    );
    return { SCREENFOLD_PROBES: JSON.stringify(Object.fromEntries(found)) };
  };
  return {
    environment: () => {
      const now = libraries();
      if (now !== probedWith) probing = null;
      probedWith = now;
      return (probing ??= probeAll());
    },
    forgetDrivers: () => {
      probing = null;
    },
  };
}

/** What the probe printed, or how its process ended. */
function probe(fork: ForkUtility, entry: string, provider: string): Promise<unknown> {
  const child = fork(entry, [provider], { stdio: 'pipe', serviceName: 'Screenfold probe', env: process.env });
  const ended = endOf(child.stdout);
  let printed = '';
  child.stdout?.setEncoding('utf8');
  child.stdout?.on('data', (text: string) => (printed += text));
  for (const stream of [child.stdout, child.stderr]) stream?.on('error', () => undefined);
  child.stderr?.resume();
  return new Promise((resolve) => {
    const late = setTimeout(() => {
      child.kill();
      resolve(failed('it did not answer in time'));
    }, patience);
    child.on('exit', (code) => {
      clearTimeout(late);
      void ended.then(() => {
        resolve(parsed(printed) ?? failed(`its driver ended the process (exit code ${code})`));
      });
    });
  });
}

const failed = (detail: string) => ({ works: false, detail, software: false });

function parsed(printed: string): unknown {
  try {
    return JSON.parse(printed.trim().split('\n').at(-1) ?? '');
  } catch {
    return null;
  }
}
