import { open, readFile } from 'node:fs/promises';

import type { JobEvent } from '../jobs.ts';
import { writeFileAtomic } from '../weights/atomic-file.ts';

type Metric = Extract<JobEvent, { readonly type: 'step' | 'epoch' }>;

export interface MetricsLog {
  write(metric: Metric): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the log of a run's steps and epochs, one JSON object a line, and drops what lies beyond optimizer step
 * `step`: a run that was killed had logged more than the state it resumes from knows.
 */
export async function openMetricsLog(path: string, step: number, epochsDone: number): Promise<MetricsLog> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const kept = text.split('\n').filter((line) => isWithin(line, step, epochsDone));
  await writeFileAtomic(path, kept.map((line) => `${line}\n`).join(''));
  const file = await open(path, 'a');
  return {
    write: async (metric) => {
      await file.write(`${JSON.stringify(metric)}\n`);
    },
    close: () => file.close(),
  };
}

function isWithin(line: string, step: number, epochsDone: number): boolean {
  try {
    const metric = JSON.parse(line) as Metric;
    return metric.type === 'step' ? metric.step <= step : metric.epoch <= epochsDone;
  } catch {
    // The last line of a killed run may be half a line.
    return false;
  }
}
