import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { Failure } from '../../native/failure.ts';
import { asFailure } from '../../native/files/as-failure.ts';
import { isDiskFull } from '../../native/files/storage-failure.ts';
import type { ModelReference } from '../../native/jobs.ts';
import type { DeviceChoice } from '../../native/runtime/runtime.ts';
import type { Settings } from '../contract/system.ts';
import { createBacklog } from '../engine/backlog.ts';
import type { Device, Place } from '../engine/device.ts';
import type { Engine } from '../engine/engine.ts';
import type { DomainContext } from '../library/library.ts';
import { whenRoom } from '../library/when-room.ts';
import { makePictures, type PlannedPicture } from './make-pictures.ts';
import { createPictureStatuses } from './picture-statuses.ts';
import type { SampleRecord, SampleRecords } from './sample-records.ts';
import { createTriedAlone } from './tried-alone.ts';

export interface PictureQueueDeps {
  readonly context: DomainContext;
  readonly device: Device;
  readonly records: SampleRecords;
  readonly settings: () => Settings;
  readonly place: () => Place;
  /** Nothing waits any more. */
  readonly onEmpty: () => void;
  /** The weights a picture is made of; throws Failure where they are gone. */
  readonly modelOf: (sample: SampleRecord) => Promise<ModelReference>;
  readonly deviceOf: (sample: SampleRecord) => DeviceChoice;
}

export interface PictureQueue {
  /** There may be something to make. A picture of the prompt bench interrupts what is made for comparisons. */
  readonly wake: () => void;
  /** Ends the making of such pictures; those not cancelled are made later. Resolves when it has ended. */
  readonly interrupt: (which: (sample: SampleRecord) => boolean) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Pictures that one engine makes: enough that loading the model is worth it. */
const chunkSize = 32;
const patience = 10_000;

/** Makes the pictures that wait in the library, with one engine at a time; pages are told of each as it comes. */
export function createPictureQueue(deps: PictureQueueDeps): PictureQueue {
  const { records, context } = deps;
  const statuses = createPictureStatuses(records, context.publish);
  const alone = createTriedAlone();
  let current: {
    readonly samples: readonly SampleRecord[];
    readonly stop: AbortController;
    readonly ended: Promise<null>;
  } | null = null;
  let closed = false;
  let stopWaiting: () => void = () => undefined;

  const fail = (id: number, failure: Failure) => {
    alone.forget(id);
    statuses.fail(id, failure);
  };
  const afterFailure = (left: readonly PlannedPicture[], failure: Failure): void => {
    const [first, ...others] = left;
    if (first === undefined) return;
    context.log.warn('pictures failed', failure);
    if (others.length > 0) {
      for (const { sample, model } of left) alone.add(sample.id, weightsOf(model));
      return;
    }
    fail(first.sample.id, failure);
    for (const id of alone.failed(weightsOf(first.model))) if (statuses.is(id, 'queued')) fail(id, failure);
  };
  const make = async (chunk: readonly SampleRecord[], engine: Engine): Promise<void> => {
    const pictures = await withModels(chunk, deps, fail);
    const [first] = pictures;
    if (first === undefined) return;
    const stop = new AbortController();
    const { promise: ended, resolve: hasEnded } = Promise.withResolvers<null>();
    current = { samples: pictures.map(({ sample }) => sample), stop, ended };
    if (closed) stop.abort();
    try {
      await makePictures(pictures, engine, {
        device: deps.deviceOf(first.sample),
        stop: stop.signal,
        statuses,
        onMade: ({ sample, model }) => {
          alone.forget(sample.id);
          alone.succeeded(weightsOf(model));
        },
        onFailure: (left, error) => {
          // What a comparison lacks is made when there is room again; who waits at the prompt bench is told.
          if (isDiskFull(error) && !first.sample.bench) throw error;
          afterFailure(left, asFailure(error, 'picture-fault'));
        },
      });
    } finally {
      current = null;
      hasEnded(null);
      if (!closed && nextChunk(deps, alone.has) === null) deps.onEmpty();
    }
  };
  const backlog = createBacklog({
    device: deps.device,
    place: deps.place,
    // What was being made when it ended, or when its end could not be written down, is there whole or is made again.
    takeUp: () => {
      for (const { id, file } of records.making()) statuses.set(id, existsSync(file) ? 'ready' : 'queued');
    },
    next: () => nextChunk(deps, alone.has),
    work: make,
    onFault: (error) => {
      context.log.error('the queue of pictures stopped', error);
      stopWaiting();
      if (isDiskFull(error)) stopWaiting = whenRoom(context.library.folder, queue.wake);
    },
  });
  const queue: PictureQueue = {
    wake: () => {
      if (closed) return;
      const urgent = records.waiting({ exceptUnderWay: false, limit: 1 })[0]?.bench === true;
      if (urgent && current?.samples.every(({ bench }) => !bench) === true) current.stop.abort();
      statuses.showQueue();
      backlog.wake();
    },
    interrupt: async (which) => {
      if (current?.samples.some(which) !== true) return;
      current.stop.abort();
      await current.ended;
    },
    close: async () => {
      closed = true;
      stopWaiting();
      current?.stop.abort();
      await Promise.race([backlog.close(), sleep(patience, undefined, { ref: false })]);
    },
  };
  return queue;
}

/** Stands for the weights a picture is made of. */
function weightsOf(model: ModelReference): string {
  return JSON.stringify(model);
}

/** What one engine makes at a time: pictures of one kind, on one device; null where none waits. */
function nextChunk(
  { records, settings, deviceOf }: PictureQueueDeps,
  isTriedAlone: (id: number) => boolean,
): readonly SampleRecord[] | null {
  const exceptUnderWay = settings().samplesWhileTraining === 'afterwards';
  const waiting = records.waiting({ exceptUnderWay, limit: chunkSize });
  const [first] = waiting;
  if (first === undefined) return null;
  if (isTriedAlone(first.id)) return [first];
  const device = JSON.stringify(deviceOf(first));
  return waiting.filter(
    (sample) =>
      sample.bench === first.bench && !isTriedAlone(sample.id) && JSON.stringify(deviceOf(sample)) === device,
  );
}

/** Pictures with the weights that they are made of. Those whose weights are gone fail. */
async function withModels(
  chunk: readonly SampleRecord[],
  { modelOf }: PictureQueueDeps,
  fail: (id: number, failure: Failure) => void,
): Promise<readonly PlannedPicture[]> {
  const found: PlannedPicture[] = [];
  for (const sample of chunk) {
    try {
      found.push({ sample, model: await modelOf(sample) });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      fail(sample.id, error);
    }
  }
  return found;
}
