import type { JobEvent } from '../../native/jobs.ts';
import type { RunProgress, RunStatus } from '../contract/runs.ts';
import type { CostRate } from '../contract/values.ts';
import { costOf } from './cost.ts';
import type { LedgerEntry } from './run-records.ts';
import { createRunSpeed } from './run-speed.ts';

export interface MeterOptions {
  readonly runId: number;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** Uses of images in an epoch, repeats counted. */
  readonly imagesPerEpoch: number;
  readonly rate: CostRate;
  /** Of earlier runs like it; null where there were none. */
  readonly secondsPerImage: number | null;
  /** Where the run stands. */
  readonly epoch: number;
  readonly step: number;
  readonly loss: number | null;
  readonly secondsSpent: number;
  /** Milliseconds of work: of a clock that nobody sets and that stands still while the machine sleeps. */
  readonly now: () => number;
}

/**
 * Watches a run by what its engine says: how far it is, how fast, what it has cost. Time counts while an engine works for
 * it, whatever it does, by the epoch under way.
 */
export interface RunMeter {
  readonly begin: () => void;
  readonly end: () => void;
  readonly event: (event: JobEvent) => void;
  /** What it does now, where no engine says so. */
  readonly phase: (name: string) => void;
  readonly progress: (status: RunStatus) => RunProgress;
  /** Has what was spent since the last time written down; what `write` throws at is kept for the next. */
  readonly writeSpent: (write: (entry: LedgerEntry) => void) => void;
  /** Of the epochs that this run has gone through whole, validation and checkpoints included; null before the first. */
  readonly secondsPerImage: () => number | null;
  readonly position: () => { readonly epoch: number; readonly step: number };
}

export function createRunMeter(options: MeterOptions): RunMeter {
  const { epochs, stepsPerEpoch, imagesPerEpoch, now, rate } = options;
  let { epoch: epochsDone, step, loss, secondsSpent } = options;
  let learningRate: number | null = null;
  let device: RunProgress['device'] = null;
  let phase: { readonly name: string; readonly done: number; readonly total: number } | null = null;
  /** Since when time has not been counted; null while no engine works. */
  let countedTo: number | null = null;
  const spent = new Map<number, { seconds: number; images: number }>();
  const speed = createRunSpeed(imagesPerEpoch);

  const count = (images: number) => {
    if (countedTo === null) return;
    const at = now();
    const seconds = (at - countedTo) / 1000;
    countedTo = at;
    secondsSpent += seconds;
    const epoch = Math.min(epochsDone + 1, epochs);
    const entry = spent.get(epoch) ?? { seconds: 0, images: 0 };
    spent.set(epoch, { seconds: entry.seconds + seconds, images: entry.images + images });
  };

  const event = (said: JobEvent) => {
    if (said.type === 'device') {
      device = { provider: said.provider, notes: [...said.notes] };
    } else if (said.type === 'progress') {
      phase = { name: said.phase, done: said.done, total: said.total };
    } else if (said.type === 'step') {
      phase = null;
      count(said.images);
      ({ step, loss, learningRate } = said);
      // A resumed run may begin again behind what was last written down.
      epochsDone = said.epoch - 1;
      const isFirstOfEpoch = step === epochsDone * stepsPerEpoch + 1;
      speed.step({ at: now(), images: said.images, seconds: said.seconds, isFirstOfEpoch });
    } else if (said.type === 'epoch') {
      count(0);
      epochsDone = said.epoch;
      speed.epoch(now());
    }
  };

  const secondsLeft = () => {
    const own = speed.imagesPerSecond();
    const each = speed.secondsPerImage() ?? (own === null ? options.secondsPerImage : 1 / own);
    if (each === null) return null;
    const left = epochs - Math.max(epochsDone, step / Math.max(1, stepsPerEpoch));
    return Math.max(0, left) * imagesPerEpoch * each;
  };

  return {
    begin: () => {
      countedTo = now();
      speed.begin();
    },
    end: () => {
      count(0);
      countedTo = null;
      phase = null;
    },
    event,
    phase: (name) => {
      phase = { name, done: 0, total: 0 };
    },
    progress: (status) => {
      count(0);
      return {
        runId: options.runId,
        status,
        phase: phase?.name ?? null,
        done: phase?.done ?? 0,
        total: phase?.total ?? 0,
        epoch: epochsDone,
        epochs,
        step,
        steps: stepsPerEpoch * epochs,
        loss: loss !== null && Number.isFinite(loss) ? loss : null,
        learningRate,
        imagesPerSecond: speed.imagesPerSecond(),
        secondsLeft: secondsLeft(),
        seconds: secondsSpent,
        cost: costOf(secondsSpent, rate),
        device,
      };
    },
    writeSpent: (write) => {
      count(0);
      for (const [epoch, entry] of [...spent]) {
        write({ epoch, ...entry });
        spent.delete(epoch);
      }
    },
    secondsPerImage: speed.secondsPerImage,
    position: () => ({ epoch: epochsDone, step }),
  };
}
