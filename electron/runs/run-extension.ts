import type { LearningRateSchedule } from '../../native/jobs.ts';
import { extendRun } from './extend-run.ts';
import type { RunReader } from './run-reader.ts';
import type { RunChange, RunRecord } from './run-records.ts';

interface Wanted {
  /** More than it has done. */
  readonly epochs: number;
  readonly schedule: LearningRateSchedule['kind'] | null;
  readonly learningRate: number | null;
}

/**
 * Has the run's folder say that it goes on.
 * @returns what the library is to say of it then; where that is never written, the folder says so once more the next time
 * @throws what `extendRun` throws
 */
export async function extension(record: RunRecord, wanted: Wanted, read: RunReader): Promise<RunChange> {
  const {
    run,
    epochsDone,
    extension: made,
  } = await extendRun(await read(record), {
    epochs: (done) => done + wanted.epochs,
    schedule: wanted.schedule ?? undefined,
    learningRate: wanted.learningRate ?? undefined,
  });
  const { plan, request } = record;
  const { epochs, checkpointEpochs } = run.job.settings;
  const steps = epochs * plan.stepsPerEpoch;
  const { rates } = made;
  const entry = {
    from: epochsDone,
    to: epochs,
    rates: rates === undefined ? null : { learningRate: rates.learningRate, schedule: rates.schedule.kind },
  };
  return {
    status: 'queued',
    failure: null,
    endedAt: null,
    epoch: epochsDone,
    step: made.step,
    epochs,
    steps,
    plan: {
      ...plan,
      epochs,
      steps,
      checkpoints: [...checkpointEpochs],
      extensions: [...(plan.extensions ?? []).filter(({ from }) => from < epochsDone), entry],
    },
    request: { ...request, train: { ...request.train, epochs } },
  };
}
