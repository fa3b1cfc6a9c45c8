/** What the terminal's interruptions mean to the job that is running. */
export interface Interrupts {
  /** Aborted by the first: stop at a step boundary. */
  readonly stop: AbortSignal;
  /** Aborted by the second: now. */
  readonly kill: AbortSignal;
}

/** The part of `process` that signals arrive at. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs `act` with Ctrl-C, a service manager's SIGTERM and a closed terminal taken as wishes to stop, which otherwise
 * end the process at once. `onStop` is told of the first.
 */
export async function withInterrupts<T>(
  onStop: () => void,
  act: (interrupts: Interrupts) => Promise<T>,
  source: SignalSource = process,
): Promise<T> {
  const [stop, kill] = [new AbortController(), new AbortController()];
  const interrupt = () => {
    if (stop.signal.aborted) kill.abort();
    else {
      stop.abort();
      onStop();
    }
  };
  for (const signal of signals) source.on(signal, interrupt);
  try {
    return await act({ stop: stop.signal, kill: kill.signal });
  } finally {
    for (const signal of signals) source.off(signal, interrupt);
  }
}
