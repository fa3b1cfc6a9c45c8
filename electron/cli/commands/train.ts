import { basename, dirname, join, relative as relativePath, resolve } from 'node:path';

import { trainedParts } from '../../../native/facts/methods.ts';
import { makeFolder } from '../../../native/files/atomic-file.ts';
import { writeModelNote } from '../../../native/files/model-note.ts';
import type { TrainResult } from '../../../native/jobs.ts';
import { usesMainMemory } from '../../../native/runtime/runtime.ts';
import { totalBytes, type TrainingMemory } from '../../../native/training/memory-plan.ts';
import { learnedText, whatWasLearned } from '../../contract/learned.ts';
import { doesNotFit, fitsIn, memoryNote, type SavingTexts } from '../../contract/memory-text.ts';
import type { Override } from '../../contract/parse-run-spec.ts';
import { countOf, lossText, memoryText } from '../../contract/quantities.ts';
import { type Sweep, sweptOverrides, sweptText } from '../../contract/sweep.ts';
import { fileNameOf } from '../../library/file-name.ts';
import { howLines } from '../../runs/how-lines.ts';
import { memoryOf, missingGpu } from '../../runs/memory.ts';
import { summaryLines } from '../../runs/plan.ts';
import { type PlannedRun, planRuns } from '../../runs/plan-run.ts';
import { proposalLines } from '../../runs/proposal-lines.ts';
import type { AskedRun } from '../../runs/propose-run.ts';
import {
  readRunSpec,
  type ResolvedRunSpec,
  runSpecOfFlags,
  writtenByFlags,
} from '../../runs/read-run-spec.ts';
import {
  checkpointEpochs,
  isRunFolder,
  readEpochLosses,
  readOutcome,
  readRun,
  type Run,
} from '../../runs/run-folder.ts';
import { type CutTexts, promptWarning } from '../../runs/text-lengths.ts';
import { toldWarnings } from '../../runs/told-warnings.ts';
import { openRun, refuseFinished, trainRun } from '../../runs/train-run.ts';
import { type CommandContext, type ExitCode, exitCodes, runJobInTerminal, usage } from './context.ts';
import { type ModelParts, noteIn, noteOf, warnOfGuess, withNote } from './with-parts.ts';

export interface TrainOptions {
  /** A run file, or the folder of an unfinished run; none where flags say everything. */
  readonly what?: string;
  readonly overrides: readonly Override[];
  /** Values to try: every combination is a run. */
  readonly sweep?: Sweep;
  /** Taken for the base from elsewhere. */
  readonly parts?: ModelParts;
  /** Plan only. */
  readonly dryRun: boolean;
}

/** Trains what a run file or flags describe, or goes on with the run in a folder. */
export async function trainCommand(context: CommandContext, options: TrainOptions): Promise<ExitCode> {
  const { workingFolder } = context;
  const what = options.what === undefined ? undefined : resolve(workingFolder, options.what);
  if (what !== undefined && (await isRunFolder(what))) {
    if (
      options.overrides.length > 0 ||
      (options.sweep ?? []).length > 0 ||
      Object.keys(options.parts ?? {}).length > 0
    ) {
      throw usage('Flags cannot change a run that has begun.', 'Leave them out, or start a new run.');
    }
    const run = await readRun(what);
    await refuseFinished(run.folder);
    return trainToEnd(context, run);
  }
  if (what === undefined && options.overrides.length === 0) {
    throw usage(
      'There is nothing to train.',
      'Give a run file, or at least --base <model> and --data <image folder>.',
    );
  }

  const asked: AskedRun[] = [];
  for (const swept of sweptOverrides(options.sweep ?? [])) {
    const { overrides } = options;
    const spec =
      what === undefined
        ? runSpecOfFlags(overrides, workingFolder, swept)
        : await readRunSpec(what, overrides, swept);
    asked.push({
      spec: namedBySweep(spec, sweptText(swept, options.sweep ?? [])),
      written: what === undefined ? writtenByFlags(overrides, swept) : null,
    });
  }
  const trainAll = (all: readonly AskedRun[]) =>
    all.length === 1 ? trainSpec(context, options, all[0]!) : trainSweep(context, options, all);
  const note = await noteOf(asked[0]!.spec.base, options.parts ?? {}, workingFolder);
  if (note === null) return trainAll(asked);
  if (options.dryRun)
    return withNote(note, (base) => trainAll(asked.map((run) => ({ ...run, spec: { ...run.spec, base } }))));
  // In the run's folder, so that the run has it for as long as there is one.
  for (const { folder } of asked.map(({ spec }) => spec)) {
    await makeFolder(folder);
    await writeModelNote(noteIn(folder, note), note);
  }
  return trainAll(
    asked.map((run) => ({ ...run, spec: { ...run.spec, base: noteIn(run.spec.folder, note) } })),
  );
}

/** One of several runs, beside the others and called by what differs. */
function namedBySweep(spec: ResolvedRunSpec, swept: string): ResolvedRunSpec {
  if (swept === '') return spec;
  const folder = join(dirname(spec.folder), fileNameOf(basename(spec.folder), `, ${swept}`));
  return { ...spec, name: `${spec.name}, ${swept}`, folder };
}

async function trainSpec(context: CommandContext, options: TrainOptions, asked: AskedRun): Promise<ExitCode> {
  const { terminal } = context;
  await warnOfGuess(asked.spec.base, terminal);
  const [{ run: planned, summary, cut, proposed }] = (await plan(context, [asked])) as [PlannedRun];
  for (const line of summaryLines(summary)) terminal.line(line);
  for (const line of [...howLines(planned), ...proposalLines(proposed, summary.images)])
    terminal.line(`  ${line}`);
  if (cut !== null) for (const line of promptWarning(cut.readOfPrompt, cut.prompts)) terminal.warn(line);
  const memory = await tellMemory(terminal, planned.job);
  if (options.dryRun) {
    const amiss = await missingGpu(planned.job.device);
    if (amiss !== null) terminal.warn(amiss);
    terminal.object({
      kind: 'plan',
      folder: planned.folder,
      summary,
      proposed,
      cut,
      memory,
      job: planned.job,
    });
    return exitCodes.ok;
  }
  const { run, resumed } = await openRun(planned);
  if (resumed) terminal.line(`Resuming the unfinished run in ${run.folder}`);
  return await reportEnd(context, run, await train(context, run), cut);
}

/** Trains runs that differ in what is tried, one after the other; those that an earlier try has finished are left as they are. */
async function trainSweep(
  context: CommandContext,
  options: TrainOptions,
  asked: readonly AskedRun[],
): Promise<ExitCode> {
  const { terminal } = context;
  await warnOfGuess(asked[0]!.spec.base, terminal);
  const all = await plan(context, asked);
  const { run: firstRun, proposed: firstProposed, summary: firstSummary } = all[0]!;
  for (const line of sweepLines(all)) terminal.line(line);
  for (const line of [...howLines(firstRun), ...proposalLines(firstProposed, firstSummary.images)])
    terminal.line(`  ${line}`);
  const { cut } = all[0]!;
  if (cut !== null) for (const line of promptWarning(cut.readOfPrompt, cut.prompts)) terminal.warn(line);
  if (options.dryRun) {
    for (const { run, summary, proposed } of all)
      terminal.object({ kind: 'plan', folder: run.folder, summary, proposed, cut, job: run.job });
    return exitCodes.ok;
  }
  for (const [index, { run: planned }] of all.entries()) {
    terminal.line(`Run ${index + 1} of ${all.length}: ${planned.spec.name}`);
    if ((await readOutcome(planned.folder))?.end === 'finished') {
      terminal.line('It has finished already; nothing was changed.');
      continue;
    }
    const { run, resumed } = await openRun(planned);
    if (resumed) terminal.line(`Resuming the unfinished run in ${run.folder}`);
    const result = await train(context, run);
    terminal.object({ ...result, folder: run.folder, cut });
    if (result.end === 'stopped') {
      terminal.line(`Stopped after step ${result.step}. Everything is saved: the same command goes on.`);
      return exitCodes.interrupted;
    }
  }
  for (const line of await sweepEnd(context, all)) terminal.line(line);
  return exitCodes.ok;
}

/** What several runs come to, each and together. */
function sweepLines(all: readonly PlannedRun[]): readonly string[] {
  const steps = all.reduce((sum, { summary }) => sum + summary.steps, 0);
  const [first = '', epochs = '', ...rest] = summaryLines(all[0]!.summary);
  const warnings = toldWarnings(all.map(({ summary }) => summary));
  return [
    `${countOf(all.length, 'run')}, one after the other: ${countOf(steps, 'step')} in all`,
    ...all.map(({ summary }) => `  ${summary.name}: ${countOf(summary.steps, 'step')}`),
    `Of the first: ${first}`,
    ...[epochs, ...rest].filter((line) => !line.startsWith('  ! ')),
    ...warnings.map((warning) => `  ! ${warning}`),
  ];
}

/** How the runs ended beside each other, and how each is looked at. */
async function sweepEnd(
  { workingFolder }: CommandContext,
  all: readonly PlannedRun[],
): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const { run } of all) {
    const { trainLoss = null, validationLoss = null } = (await readOutcome(run.folder)) ?? {};
    const heldOut = validationLoss === null ? '' : `, held-out loss ${lossText(validationLoss)}`;
    lines.push(`  ${run.spec.name}: training loss ${lossText(trainLoss)}${heldOut}`);
  }
  const pictures = all
    .filter(({ run }) => !trainedParts(run.job.method).includes('autoencoder'))
    .map(({ run }) => shown(run.folder, workingFolder));
  return [
    `All ${all.length} runs have finished:`,
    ...lines,
    ...(pictures.length === 0 ? [] : [`Compare their pictures: screenfold compare ${pictures.join(' ')}`]),
  ];
}

/** Tells what a step takes, and where that is too much, what would take less. */
async function tellMemory(
  terminal: CommandContext['terminal'],
  job: Run['job'],
): Promise<TrainingMemory | null> {
  const planned = await memoryOf(job);
  if (planned === null) return null;
  const { memory, available, provider, ways } = planned;
  const needed = totalBytes(memory);
  const tooLarge = doesNotFit(needed, available, ways, savingFlags);
  const where = usesMainMemory(provider) ? 'this machine' : 'the GPU';
  const room = [
    fitsIn(needed),
    available !== null && tooLarge === null ? `${where} has ${memoryText(available)}` : null,
  ].filter((part) => part !== null);
  terminal.line(
    `  ${memoryText(needed)} of memory for a step${room.length > 0 ? ` (${room.join('; ')})` : ''}: ${memoryNote(memory)}`,
  );
  if (tooLarge !== null) terminal.warn(tooLarge);
  return memory;
}

/** What would save memory, as it is typed. */
const savingFlags: SavingTexts = {
  'one image at a time': '--images-at-once 1',
  'AdamW in 8 bits': '--optimizer adamw8bit',
  'fused backward pass': '--set train.fusedBackward=true',
  LoRA: '--method lora',
};

export async function trainToEnd(context: CommandContext, run: Run): Promise<ExitCode> {
  return await reportEnd(context, run, await train(context, run));
}

/** Plans runs on one data set, showing how far its images have been read. */
async function plan(
  { terminal, cacheFolder, sampleRunFile }: CommandContext,
  asked: readonly AskedRun[],
): Promise<readonly PlannedRun[]> {
  const follower = terminal.follow({});
  try {
    return await planRuns(asked, {
      cacheFolder,
      ...(sampleRunFile !== undefined && { sampleRunFile }),
      onProgress: (done, total) => {
        follower.event({ type: 'progress', phase: 'reading images', done, total });
      },
    });
  } finally {
    follower.end();
  }
}

async function train(context: CommandContext, run: Run): Promise<TrainResult> {
  return trainRun(run, {
    runJob: async (job) => {
      const { result } = await runJobInTerminal(context, job, { epochs: job.settings.epochs });
      return result;
    },
    onWait: () => {
      context.terminal.warn('Waiting for an engine that was started earlier to end its step …');
    },
  });
}

async function reportEnd(
  { terminal, workingFolder }: CommandContext,
  run: Run,
  result: TrainResult,
  cut?: CutTexts | null,
): Promise<ExitCode> {
  const folder = shown(run.folder, workingFolder);
  terminal.object({ ...result, folder: run.folder, ...(cut === undefined ? {} : { cut }) });
  if (result.end === 'stopped') {
    terminal.line(
      `Stopped after step ${result.step}, ${result.epoch} of ${countOf(run.job.settings.epochs, 'epoch')} done. Everything is saved.`,
    );
    terminal.line(`Resume it: screenfold resume ${folder}`);
    return exitCodes.interrupted;
  }
  const validation =
    result.validationLoss === null ? '' : `, held-out loss ${lossText(result.validationLoss)}`;
  const early =
    result.bestEpoch === undefined ? '' : ` early, after epoch ${result.epoch} of ${run.job.settings.epochs}`;
  terminal.line(`Finished${early}: training loss ${lossText(result.trainLoss)}${validation}.`);
  const learned = whatWasLearned(await readEpochLosses(run.folder), await checkpointEpochs(run.folder));
  if (learned !== null) terminal.line(learnedText(learned));
  if (!trainedParts(run.job.method).includes('autoencoder'))
    terminal.line(`See how it developed:    screenfold compare ${folder}`);
  terminal.line(
    `Export an epoch:         screenfold export ${folder} --epoch ${result.bestEpoch ?? result.epoch}`,
  );
  terminal.line(`Train it on:             screenfold resume ${folder} --epochs ${2 * result.epoch}`);
  return exitCodes.ok;
}

/** A path as it can be typed: from the working folder where that is shorter, quoted where it has to be. */
function shown(file: string, workingFolder: string): string {
  const relative = relativePath(workingFolder, file);
  const text = relative !== '' && !relative.startsWith('..') ? relative : file;
  return /^[\w./\\:@%+=-]+$/.test(text) ? text : JSON.stringify(text);
}
