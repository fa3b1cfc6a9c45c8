import { open } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { metricsName } from '../../native/facts/run-folder.ts';
import type { RunMetrics } from '../contract/runs.ts';
import { readEpochLosses } from './run-folder.ts';

const stepLine = z.object({
  type: z.literal('step'),
  step: z.number(),
  loss: z.number(),
  learningRate: z.number(),
  gradientNorm: z.number(),
  skippedSteps: z.number().optional(),
});
/** Of a step that was skipped there is a line, which has no place in a curve. */
const anyStepLine = stepLine.extend({ loss: z.number().nullable(), gradientNorm: z.number().nullable() });

const maxPoints = 2000;

/**
 * Curves of a run, of at most 2000 points, each the mean of as many steps as the run's length asks for; so a point that
 * is there does not move while the run goes on.
 */
export async function readMetrics(
  folder: string,
  { steps, stepsPerEpoch }: { readonly steps: number; readonly stepsPerEpoch: number },
): Promise<RunMetrics> {
  const width = Math.max(1, Math.ceil(steps / maxPoints));
  const curves = { step: [], epoch: [], loss: [], learningRate: [], gradientNorm: [] } as Record<
    'step' | 'epoch' | 'loss' | 'learningRate' | 'gradientNorm',
    number[]
  >;
  let point: z.output<typeof stepLine>[] = [];
  const close = () => {
    if (point.length === 0) return;
    const mean = (of: (line: (typeof point)[number]) => number) =>
      point.reduce((sum, line) => sum + of(line), 0) / point.length;
    const step = mean((line) => line.step);
    curves.step.push(step);
    curves.epoch.push(step / Math.max(1, stepsPerEpoch));
    curves.loss.push(mean((line) => line.loss));
    curves.learningRate.push(mean((line) => line.learningRate));
    curves.gradientNorm.push(mean((line) => line.gradientNorm));
    point = [];
  };
  let skippedSteps: number | undefined;
  for await (const text of lines(join(folder, metricsName))) {
    const said = parseStep(text);
    skippedSteps = said?.skippedSteps ?? skippedSteps;
    const line = stepLine.safeParse(said).data;
    if (line === undefined) continue;
    const [first] = point;
    if (first !== undefined && pointOf(first.step, width) !== pointOf(line.step, width)) close();
    point.push(line);
  }
  close();
  const epochs = [...(await readEpochLosses(folder))];
  return { steps: curves, epochs, ...(skippedSteps !== undefined && { skippedSteps }) };
}

function pointOf(step: number, width: number): number {
  return Math.floor((step - 1) / width);
}

function parseStep(text: string): z.output<typeof anyStepLine> | null {
  // A run killed while it wrote leaves half a line.
  if (!text.startsWith('{"type":"step"') || !text.endsWith('}')) return null;
  try {
    return anyStepLine.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

async function* lines(file: string): AsyncGenerator<string> {
  const handle = await open(file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  });
  if (handle !== null) yield* handle.readLines();
}
