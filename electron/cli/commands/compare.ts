import { dirname, join, resolve } from 'node:path';

import { makeFolder, removeAbandonedWrites } from '../../../native/files/atomic-file.ts';
import { exists } from '../../../native/files/exists.ts';
import type { GenerateJob } from '../../../native/jobs.ts';
import type { DeviceChoice } from '../../../native/runtime/runtime.ts';
import { countOf } from '../../contract/quantities.ts';
import { comparisonAnimation, comparisonSheet } from '../../gallery/comparison.ts';
import { planSamples, type Sample } from '../../gallery/sample-plan.ts';
import { readEpochLosses, readRun, type Run } from '../../runs/run-folder.ts';
import type { Prompt } from '../../runs/run-prompts.ts';
import {
  cutPrompts,
  ofPrompts,
  promptWarning,
  readingOf,
  withLentWords,
  withTaughtWord,
} from '../../runs/text-lengths.ts';
import { writeAnimation } from '../../sheets/animation.ts';
import { writeSheet } from '../../sheets/sheet.ts';
import { type CommandContext, type ExitCode, exitCodes, runJobInTerminal } from './context.ts';
import { checkPicturePlace } from './picture-place.ts';

export interface CompareOptions {
  readonly folder: string;
  readonly epochs?: readonly number[];
  /** None: the run's own. */
  readonly prompts: readonly Prompt[];
  readonly seeds?: readonly number[];
  /** Left out: in the run's `compare/`. */
  readonly sheet?: string;
  readonly animation?: string;
  readonly device: DeviceChoice;
}

export interface Comparison {
  readonly code: ExitCode;
  readonly sheet: string;
  readonly animation: string;
  readonly made: number;
}

/** Makes the pictures that are missing, and of all of them a sheet and an animation over the epochs. */
export async function compareCommand(context: CommandContext, options: CompareOptions): Promise<Comparison> {
  const { terminal, workingFolder } = context;
  const { folder, prompts, epochs, seeds, device } = options;
  const run = await readRun(resolve(workingFolder, folder));
  const samples = await planSamples(run, {
    prompts,
    ...(epochs === undefined ? {} : { epochs }),
    ...(seeds === undefined ? {} : { seeds }),
  });
  const sheet = resolve(workingFolder, options.sheet ?? join(run.folder, 'compare', 'sheet.png'));
  const animation = resolve(
    workingFolder,
    options.animation ?? join(run.folder, 'compare', 'development.gif'),
  );
  await checkPicturePlace('--sheet', sheet, options.sheet !== undefined);
  await checkPicturePlace('--animation', animation, options.animation !== undefined);

  const reading = prompts.length === 0 ? null : await readingOf(run.job.base);
  const taught = reading && withTaughtWord(reading, run.job.method);
  const asPrompts = taught && ofPrompts(await withLentWords(taught, run.spec.samples.embeddings));
  const cut = asPrompts && { read: asPrompts.limit, prompts: cutPrompts(asPrompts, prompts) };
  if (cut !== null) for (const line of promptWarning(cut.read, cut.prompts)) terminal.warn(line);

  const made = await makeMissing(context, run, samples, device);
  if (made === null) return { code: exitCodes.interrupted, sheet, animation, made: 0 };

  for (const place of new Set([dirname(sheet), dirname(animation)])) await removeAbandonedWrites(place);
  await writeSheet(sheet, comparisonSheet(run, samples, await readEpochLosses(run.folder)));
  await writeAnimation(animation, comparisonAnimation(run, samples));
  terminal.line(`Side by side: ${sheet}`);
  terminal.line(`Animation:    ${animation}`);
  const comparison = { sheet, animation, made };
  const pictures = samples.map(({ picture }) => picture.output);
  terminal.object({ kind: 'compare', ...comparison, pictures, cut });
  return { code: exitCodes.ok, ...comparison };
}

/** Makes the pictures that are missing, and gives how many those were; null where it was stopped. */
export async function makeMissing(
  context: CommandContext,
  run: Run,
  samples: readonly Sample[],
  device: DeviceChoice,
): Promise<number | null> {
  const { terminal } = context;
  const missing = await missingOf(samples);
  terminal.line(`${countOf(samples.length, 'picture')}, ${missing.length} of them still to make.`);
  if (missing.length === 0) return 0;
  for (const output of new Set(missing.map(({ picture }) => dirname(picture.output)))) {
    await makeFolder(output);
    await removeAbandonedWrites(output);
  }
  const job: GenerateJob = {
    kind: 'generate',
    pictures: missing.map(({ picture }) => picture),
    batchSize: run.spec.samples.batchSize,
    device: { ...run.job.device, ...device },
  };
  const { interrupted } = await runJobInTerminal(context, job, { pictures: missing.length });
  if (!interrupted) return missing.length;
  terminal.line('Stopped. The pictures made so far are kept.');
  return null;
}

async function missingOf(samples: readonly Sample[]): Promise<readonly Sample[]> {
  const there = await Promise.all(samples.map(({ picture }) => exists(picture.output)));
  return samples.filter((_, index) => there[index] !== true);
}
