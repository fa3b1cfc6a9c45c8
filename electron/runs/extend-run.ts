import { stepsPerEpoch } from '../../native/facts/epoch-steps.ts';
import { Failure } from '../../native/failure.ts';
import type { Extension, LearningRateSchedule, TrainJob } from '../../native/jobs.ts';
import { explainIssues } from '../contract/explain-issues.ts';
import { runSpecSchema } from '../contract/run-spec.ts';
import type { PlannedRunSpec, Run } from './run-folder.ts';
import { checkpointEpochs, removeOutcome, rewriteRun, stateStep } from './run-folder.ts';

/** How a run that has ended, or was stopped, is to be trained on. */
export interface ExtensionChoice {
  /** How many it is to have in all, given how many are done. */
  readonly epochs: (done: number) => number;
  /** Left out: what is constant goes on, what falls begins anew over the steps to come. */
  readonly schedule?: LearningRateSchedule['kind'] | undefined;
  /** Left out: the one it had. */
  readonly learningRate?: number | undefined;
  /** Epochs to keep of those to come; left out: those that were chosen for the run. The last is always kept. */
  readonly checkpoints?: readonly number[] | undefined;
}

/** A run that is to go on, and from where. */
export interface ExtendedRun {
  readonly run: Run;
  readonly epochsDone: number;
  readonly extension: Extension;
}

/**
 * Writes down that a run goes on beyond what was planned. It is one file that changes, whole or not at all: whoever is killed in
 * between finds a run that has ended, and may say it again.
 *
 * @throws Failure `state-missing`, `epochs-done`, `extension-invalid`, `checkpoint-beyond`, `write-failed`
 */
export async function extendRun(run: Run, choice: ExtensionChoice): Promise<ExtendedRun> {
  const { folder } = run;
  const step = await stateStep(folder);
  if (step === null) {
    throw new Failure(
      'state-missing',
      'What this run needs to be trained on is not there: it was removed, or the run is from before it was kept.',
      'Start a new run; one with LoRA can begin with the LoRA of this run.',
    );
  }
  const extended = extendedRun(run, step, choice);
  const beyond = (await checkpointEpochs(folder)).find((epoch) => epoch > extended.epochsDone);
  if (beyond !== undefined && extended.extension.rates !== undefined) {
    throw new Failure(
      'checkpoint-beyond',
      `Epoch ${beyond} is kept, but the run goes on from epoch ${extended.epochsDone} and would make other weights of it.`,
      'Train on with the learning rate as it was.',
    );
  }
  await rewriteRun(extended.run);
  // How it ended is how it ended no more.
  await removeOutcome(folder);
  return extended;
}

/**
 * A run as it goes on from a step.
 *
 * @throws Failure `epochs-done`, `extension-invalid`
 */
export function extendedRun(run: Run, step: number, choice: ExtensionChoice): ExtendedRun {
  const { spec, job } = run;
  const { settings, images } = job;
  const epochsDone = Math.floor(
    step / stepsPerEpoch(images, settings.batchSize, settings.gradientAccumulation),
  );
  const epochs = choice.epochs(epochsDone);
  if (epochs <= epochsDone) {
    throw new Failure(
      'epochs-done',
      `This run has done ${epochsDone} of its epochs already, so it cannot end at epoch ${epochs}.`,
      `Choose more than ${epochsDone}.`,
    );
  }
  const extendedSpec = withEpochs(spec, epochs, choice.checkpoints);
  checkSpec(extendedSpec, choice);
  const wanted = choice.checkpoints ?? spec.train.checkpoints;
  const kept = new Set([
    ...settings.checkpointEpochs.filter((epoch) => epoch <= epochsDone),
    ...wanted.filter((epoch) => epoch > epochsDone && epoch <= epochs),
    epochs,
  ]);
  // Nothing was trained since the last time it was said: that one is taken back.
  const before = (job.extensions ?? []).filter((extension) => extension.step < step);
  const again = job.extensions?.find((extension) => extension.step >= step);
  const rates = newRates({ ...job, extensions: before }, choice);
  const extension: Extension = {
    step,
    planned: again?.planned ?? {
      epochs: settings.epochs,
      checkpointEpochs: settings.checkpointEpochs,
    },
    ...(rates && { rates }),
  };
  return {
    epochsDone,
    extension,
    run: {
      ...run,
      spec: extendedSpec,
      job: {
        ...job,
        settings: { ...settings, epochs, checkpointEpochs: [...kept].sort((a, b) => a - b) },
        extensions: [...before, extension],
      },
    },
  };
}

function withEpochs(
  spec: PlannedRunSpec,
  epochs: number,
  checkpoints: readonly number[] = [],
): PlannedRunSpec {
  const chosen = [...new Set([...spec.train.checkpoints, ...checkpoints])].sort((a, b) => a - b);
  return { ...spec, train: { ...spec.train, epochs, checkpoints: chosen } };
}

/** What is written down must be what a run may be asked for, or nobody could read it again. */
function checkSpec(spec: PlannedRunSpec, { learningRate, schedule }: ExtensionChoice): void {
  const train = {
    ...spec.train,
    ...(learningRate !== undefined && { learningRate }),
    ...(schedule !== undefined && { schedule }),
  };
  const asked = { ...spec, train };
  const { error } = runSpecSchema.safeParse(asked);
  if (error === undefined) return;
  const faults = explainIssues(error.issues, asked, runSpecSchema);
  throw new Failure(
    'extension-invalid',
    `The run cannot be trained on like this:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    'Choose other values. Nothing was changed.',
    error,
  );
}

/** Nothing where a constant rate just goes on, which trains as if so many epochs had been planned from the first. */
function newRates(
  { settings, extensions = [] }: Pick<TrainJob, 'settings' | 'extensions'>,
  choice: ExtensionChoice,
): Extension['rates'] {
  const now = extensions.findLast(({ rates }) => rates !== undefined)?.rates ?? settings;
  const kind = choice.schedule ?? now.schedule.kind;
  const learningRate = choice.learningRate ?? now.learningRate;
  if (kind === 'constant' && now.schedule.kind === 'constant' && learningRate === now.learningRate)
    return undefined;
  return { learningRate, schedule: { kind, warmupSteps: 0 } };
}
