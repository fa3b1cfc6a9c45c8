import type { JobEvent } from '../../native/jobs.ts';
import type { DomainContext } from '../library/library.ts';
import { whenRoom } from '../library/when-room.ts';
import type { AsFarAsPossible } from './as-far-as-possible.ts';
import type { RunLog } from './run-log.ts';
import type { RunMeter } from './run-meter.ts';
import type { RunRecords } from './run-records.ts';
import type { SpeedKey, Speeds } from './speeds.ts';

/** Keeps in the library what an engine says of a run under way. */
export interface RunKeeper {
  readonly event: (event: JobEvent) => void;
  /** Writes down where the run stands and what it has cost, now or when there is room. */
  readonly writeAtLast: () => void;
}

export interface KeeperDeps {
  readonly runId: number;
  readonly context: DomainContext;
  readonly records: RunRecords;
  readonly speeds: Speeds;
  /** Null as long as the base is not known: nothing is learnt about its speed. */
  readonly speedKey: () => SpeedKey | null;
  readonly meter: RunMeter;
  readonly log: RunLog;
  readonly asFarAsPossible: AsFarAsPossible;
  /** See `SupervisionDeps`. */
  readonly onPictures: (runId: number) => Promise<void>;
}

const writtenEvery = 5000;

export function createRunKeeper(deps: KeeperDeps): RunKeeper {
  const { runId, context, records, speeds, speedKey, meter, log, asFarAsPossible } = deps;
  const { publish } = context;
  let writtenAt = -Infinity;
  /** Checkpoints that are there and not yet in the library. */
  const unlisted = new Set<number>();

  const changed = () => {
    publish('changed', { subjects: ['runs'], runId });
  };
  const write = () => {
    writtenAt = performance.now();
    for (const epoch of [...unlisted]) {
      records.addCheckpoint(runId, epoch);
      unlisted.delete(epoch);
    }
    meter.writeSpent((entry) => {
      records.spend(runId, entry);
    });
    records.change(runId, meter.position());
  };
  const writeAtLast = () => {
    if (!context.library.database.open || records.find(runId) === null || asFarAsPossible(write)) return;
    whenRoom(context.library.folder, writeAtLast);
  };
  const keep = (event: JobEvent) => {
    meter.event(event);
    if (event.type === 'note') log.line(event.message);
    if (event.type === 'step' && records.get(runId).status === 'preparing') {
      records.change(runId, { status: 'training' });
      changed();
    }
    if (event.type === 'epoch') {
      const { epoch, trainLoss, validationLoss } = event;
      // What was measured before the first step is no standing of the run.
      if (epoch > 0) records.change(runId, { trainLoss, validationLoss });
      write();
      const speed = meter.secondsPerImage();
      const key = speedKey();
      if (key !== null && speed !== null) speeds.record(key, speed);
      publish('runs.epoch', { runId, epoch, trainLoss, validationLoss });
    }
    if (event.type === 'checkpoint') {
      unlisted.add(event.epoch);
      write();
      changed();
      void deps.onPictures(runId);
    }
    if (event.type !== 'picture' && performance.now() - writtenAt > writtenEvery) write();
  };
  return {
    event: (event) => {
      asFarAsPossible(() => {
        keep(event);
      });
    },
    writeAtLast,
  };
}
