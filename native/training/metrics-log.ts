import { open, readFile, truncate } from 'node:fs/promises';

import { writeFailure } from '../files/atomic-file.ts';
import type { JobEvent } from '../jobs.ts';
import type { Position } from './run-state.ts';

type Known = Pick<Position, 'step' | 'epochsDone'>;
type Metric = Extract<JobEvent, { readonly type: 'step' | 'epoch' }>;

export interface MetricsLog {
  write(metric: Metric): Promise<void>;
  /** Resolves when what was written would outlast a power cut. To be called before a state that counts it is saved. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the log of a run's steps and epochs, one JSON object a line, and cuts off what lies beyond `known`, the state it
 * resumes from: a run that was killed had logged more than that knows. Before the first step nothing is kept, for base and
 * images may still be changed.
 *
 * @throws Failure `write-failed`, `disk-full`
 */
export async function openMetricsLog(path: string, known: Known): Promise<MetricsLog> {
  const attempt = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (cause) {
      throw writeFailure(path, cause);
    }
  };
  const file = await attempt(open(path, 'a'));
  await attempt(truncate(path, await lengthUpTo(path, known)));
  return {
    write: async (metric) => {
      await attempt(file.write(`${JSON.stringify(metric)}\n`));
    },
    sync: () => attempt(file.sync()),
    close: () => file.close(),
  };
}

/** Bytes of the lines before the first that the state does not know, or that was only half written. */
async function lengthUpTo(path: string, known: Known): Promise<number> {
  if (known.step === 0) return 0;
  const bytes = await readFile(path);
  let length = 0;
  for (let end = bytes.indexOf('\n'); end >= 0; end = bytes.indexOf('\n', length)) {
    if (!isWithin(bytes.toString('utf8', length, end), known)) break;
    length = end + 1;
  }
  return length;
}

function isWithin(line: string, { step, epochsDone }: Known): boolean {
  try {
    const metric = JSON.parse(line) as Metric;
    return metric.type === 'step' ? metric.step <= step : metric.epoch <= epochsDone;
  } catch {
    return false;
  }
}
