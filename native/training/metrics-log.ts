import { open, readFile, truncate } from 'node:fs/promises';

import { writeFailure } from '../files/atomic-file.ts';
import type { JobEvent } from '../jobs.ts';

type Metric = Extract<JobEvent, { readonly type: 'step' | 'epoch' }>;

export interface MetricsLog {
  write(metric: Metric): Promise<void>;
  /** Resolves when what was written would outlast a power cut. To be called before a state that counts it is saved. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the log of a run's steps and epochs, one JSON object a line, and cuts off what lies beyond optimizer step
 * `step`: a run that was killed had logged more than the state it resumes from knows.
 *
 * @throws Failure `write-failed`, `disk-full`
 */
export async function openMetricsLog(path: string, step: number, epochsDone: number): Promise<MetricsLog> {
  const attempt = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (cause) {
      throw writeFailure(path, cause);
    }
  };
  const file = await attempt(open(path, 'a'));
  await attempt(truncate(path, await lengthUpTo(path, step, epochsDone)));
  return {
    write: async (metric) => {
      await attempt(file.write(`${JSON.stringify(metric)}\n`));
    },
    sync: () => attempt(file.sync()),
    close: () => file.close(),
  };
}

/** Bytes of the lines before the first that the state does not know, or that was only half written. */
async function lengthUpTo(path: string, step: number, epochsDone: number): Promise<number> {
  const bytes = await readFile(path);
  let length = 0;
  for (let end = bytes.indexOf('\n'); end >= 0; end = bytes.indexOf('\n', length)) {
    if (!isWithin(bytes.toString('utf8', length, end), step, epochsDone)) break;
    length = end + 1;
  }
  return length;
}

function isWithin(line: string, step: number, epochsDone: number): boolean {
  try {
    const metric = JSON.parse(line) as Metric;
    return metric.type === 'step' ? metric.step <= step : metric.epoch <= epochsDone;
  } catch {
    return false;
  }
}
