import { setTimeout as sleep } from 'node:timers/promises';

import { asFailure } from '../../native/files/as-failure.ts';
import type { Captioning } from '../contract/captioners.ts';
import { failureData } from '../contract/failure-data.ts';
import type { CaptioningRecord } from '../datasets/captions/captioning-records.ts';
import type { Device } from '../engine/device.ts';
import type { Engine } from '../engine/engine.ts';
import type { DomainContext } from '../library/library.ts';
import { captionSome, type CaptionSomeDeps } from './caption-some.ts';
import { createRateMeter, type RateMeter } from './rate-meter.ts';

export interface CaptioningQueueDeps extends CaptionSomeDeps {
  readonly context: DomainContext;
  readonly device: Device;
}

export interface CaptioningQueue {
  /** There may be something to caption. */
  readonly wake: () => void;
  /** Ends the work on a set where it is under way. Resolves when it has ended. */
  readonly stop: (captionSetId: number) => Promise<void>;
  readonly describe: (record: CaptioningRecord) => Captioning;
  /** Resolves when nothing waits or is under way. */
  readonly settled: () => Promise<void>;
  readonly close: () => Promise<void>;
}

const patience = 10_000;

interface Current {
  readonly captionSetId: number;
  readonly stop: AbortController;
  readonly ended: Promise<null>;
  readonly meter: RateMeter;
}

/** Has models caption what waits, one set after the other, with one engine at a time. */
export function createCaptioningQueue(deps: CaptioningQueueDeps): CaptioningQueue {
  const { context, device, captioners, captioning } = deps;
  const steady = context.steady ?? (() => performance.now());
  let current: Current | null = null;
  let working: Promise<void> | null = null;
  let closed = false;

  const describe = (record: CaptioningRecord): Captioning => {
    const isRunning = current?.captionSetId === record.captionSetId && record.status === 'waiting';
    return describeWork(record, captioners, isRunning ? current!.meter : null);
  };
  const tell = (captionSetId: number): void => {
    const record = captioning.find(captionSetId);
    if (record !== null) context.publish('captioners.progress', describe(record));
  };

  const workOn = async (record: CaptioningRecord, engine: Engine, giveWay?: AbortSignal): Promise<void> => {
    const { captionSetId } = record;
    const stop = new AbortController();
    const { promise: ended, resolve: hasEnded } = Promise.withResolvers<null>();
    const meter = createRateMeter(steady);
    current = { captionSetId, stop, ended, meter };
    try {
      tell(captionSetId);
      await captionSome(deps, record, engine, {
        stop: giveWay === undefined ? stop.signal : AbortSignal.any([stop.signal, giveWay]),
        onWritten: (images) => {
          meter.count(images);
          // Removed or undone: nobody wants the others.
          if (captioning.find(captionSetId) === null) stop.abort();
          tell(captionSetId);
        },
      });
    } finally {
      current = null;
      hasEnded(null);
    }
  };
  const workOnce = async (record: CaptioningRecord): Promise<void> => {
    const { captionSetId, datasetId, place } = record;
    try {
      const current = () => captioning.find(captionSetId);
      const work = async (engine: Engine, giveWay?: AbortSignal): Promise<void> => {
        // What was asked for may have changed while the device was waited for.
        const now = current();
        if (now !== null && now.status === 'waiting' && now.pending > 0 && !closed)
          await workOn(now, engine, giveWay);
      };
      await (place === 'beside' ? device.borrow('beside', (engine) => work(engine)) : device.occupy(work));
      const after = current();
      if (after !== null && after.pending === 0) {
        if (after.failed === 0) captioning.remove(captionSetId);
        else captioning.setStatus(captionSetId, 'finished');
      }
    } catch (error) {
      const failure = asFailure(error, 'captioning-fault');
      context.log.warn('captioning failed', failure);
      if (!closed && captioning.find(captionSetId) !== null)
        captioning.setStatus(captionSetId, 'failed', failureData(failure));
    } finally {
      if (!closed) {
        tell(captionSetId);
        deps.captionsChanged(datasetId);
      }
    }
  };
  const workAll = async (): Promise<void> => {
    for (let next = captioning.next(); next !== null && !closed; next = captioning.next())
      await workOnce(next);
  };
  const queue: CaptioningQueue = {
    wake: () => {
      if (closed || captioning.next() === null) return;
      working ??= workAll()
        .catch((error: unknown) => {
          context.log.error('the queue of captions stopped', error);
        })
        .finally(() => {
          working = null;
          // What came between the last look and now.
          if (!closed) queue.wake();
        });
    },
    stop: async (captionSetId) => {
      if (current?.captionSetId !== captionSetId) return;
      current.stop.abort();
      await current.ended;
    },
    describe,
    settled: async () => {
      while (working !== null) await working;
    },
    close: async () => {
      closed = true;
      current?.stop.abort();
      await Promise.race([working, sleep(patience, undefined, { ref: false })]);
    },
  };
  return queue;
}

/** @param meter of what is under way; null where nothing is */
function describeWork(
  { captionSetId, datasetId, name, total, pending, failed, failure, captionerId, status }: CaptioningRecord,
  captioners: CaptionSomeDeps['captioners'],
  meter: RateMeter | null,
): Captioning {
  const perSecond = meter?.perSecond() ?? null;
  return {
    ...{ captionSetId, datasetId, name, total, failed, failure, perSecond },
    captioner: captioners.find(captionerId)?.name ?? null,
    status: meter === null ? status : 'running',
    done: total - pending - failed,
    secondsLeft: perSecond === null || perSecond === 0 ? null : pending / perSecond,
  };
}
