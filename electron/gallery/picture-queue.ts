import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { Failure } from '../../native/failure.ts';
import { asFailure } from '../../native/files/as-failure.ts';
import { isDiskFull } from '../../native/files/storage-failure.ts';
import type { DeviceChoice, ModelReference, Picture } from '../../native/jobs.ts';
import { failureData } from '../contract/failure-data.ts';
import type { Settings } from '../contract/system.ts';
import type { FailureData } from '../contract/values.ts';
import type { Engine } from '../engine/engine.ts';
import type { RightOfWay } from '../engine/right-of-way.ts';
import type { DomainContext } from '../library/library.ts';
import { whenRoom } from '../library/when-room.ts';
import { sampleOf, type SampleRecord, type SampleRecords } from './sample-records.ts';

export interface PictureQueueDeps {
  readonly context: DomainContext;
  readonly engine: Engine;
  readonly way: RightOfWay;
  readonly records: SampleRecords;
  readonly settings: () => Settings;
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
/** Pictures of the same weights that fail one after the other, after which it is the weights that are at fault. */
const enoughFailures = 3;
const patience = 10_000;

/** Makes the pictures that wait in the database, one engine at a time, each told of as it comes. */
export function createPictureQueue(deps: PictureQueueDeps): PictureQueue {
  const { records, way, context } = deps;
  const { publish } = context;
  /** Pictures that failed together and are tried alone, with what stands for their weights. */
  const alone = new Map<number, string>();
  /** Of pictures tried alone, by their weights. */
  const failuresInRow = new Map<string, number>();
  let current: {
    readonly samples: readonly SampleRecord[];
    readonly stop: AbortController;
    readonly ended: Promise<void>;
  } | null = null;
  let working: Promise<void> | null = null;
  /** How often it was woken: what comes while it is going to sleep is not overlooked. */
  let wakes = 0;
  let closed = false;

  const setStatus = (id: number, status: SampleRecord['status'], failure: FailureData | null = null) => {
    records.setStatus(id, status, failure);
    const sample = records.find(id);
    if (sample !== null) publish('gallery.sample', sampleOf(sample));
  };
  const showQueue = () => {
    publish('gallery.queue', records.counts());
  };

  const nextChunk = (): readonly SampleRecord[] => {
    const exceptUnderWay = deps.settings().samplesWhileTraining === 'afterwards';
    const waiting = records.waiting({ exceptUnderWay, limit: chunkSize });
    const [first] = waiting;
    if (first === undefined) return [];
    if (alone.has(first.id)) return [first];
    const device = JSON.stringify(deps.deviceOf(first));
    return waiting.filter(
      (sample) =>
        sample.bench === first.bench &&
        !alone.has(sample.id) &&
        JSON.stringify(deps.deviceOf(sample)) === device,
    );
  };

  const fail = (sample: SampleRecord, failure: Failure) => {
    alone.delete(sample.id);
    setStatus(sample.id, 'failed', failureData(failure));
  };

  /** Those whose weights are there, with them. */
  const withModels = async (chunk: readonly SampleRecord[]) => {
    const found: { readonly sample: SampleRecord; readonly model: ModelReference }[] = [];
    for (const sample of chunk) {
      try {
        found.push({ sample, model: await deps.modelOf(sample) });
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        fail(sample, error);
      }
    }
    return found;
  };

  const make = async (chunk: readonly SampleRecord[]): Promise<void> => {
    const pictures = await withModels(chunk);
    const [first] = pictures;
    if (first === undefined) return;
    const batchSize = batchOf(pictures.map(({ sample }) => sample));
    const stop = new AbortController();
    let hasEnded: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      hasEnded = resolve;
    });
    current = { samples: pictures.map(({ sample }) => sample), stop, ended };
    const left = new Map(pictures.map((entry, index) => [index, entry]));
    const begin = () => {
      for (const [, { sample }] of [...left].slice(0, batchSize)) {
        if (records.find(sample.id)?.status === 'queued') setStatus(sample.id, 'making');
      }
      showQueue();
    };
    if (closed) stop.abort();
    try {
      begin();
      await deps.engine.run(
        {
          kind: 'generate',
          pictures: pictures.map(({ sample, model }) => pictureOf(sample, model)),
          batchSize,
          device: deps.deviceOf(first.sample),
        },
        {
          stop: stop.signal,
          onEvent: (event) => {
            if (event.type !== 'picture') return;
            const entry = left.get(event.index);
            left.delete(event.index);
            if (entry === undefined) return;
            alone.delete(entry.sample.id);
            failuresInRow.delete(JSON.stringify(entry.model));
            setStatus(entry.sample.id, 'ready');
            const isMaking = [...left.values()].some(
              ({ sample }) => records.find(sample.id)?.status === 'making',
            );
            if (isMaking) showQueue();
            else begin();
          },
        },
      );
      if (left.size > 0 && !stop.signal.aborted) {
        throw new Failure('picture-missing', 'The engine left pictures out.', 'Try them again.');
      }
    } catch (error) {
      // What a comparison lacks is made when there is room again; who waits at the prompt bench is told.
      if (isDiskFull(error) && !first.sample.bench) throw error;
      afterFailure([...left.values()], asFailure(error, 'picture-fault'));
    } finally {
      current = null;
      hasEnded();
      // Stopped between two pictures: what was begun is begun anew.
      for (const { sample } of left.values()) {
        if (records.find(sample.id)?.status === 'making') setStatus(sample.id, 'queued');
      }
      showQueue();
    }
  };

  /** One picture may spoil it for the others, or there may be too many at once: they are tried one by one. */
  const afterFailure = (
    left: readonly { readonly sample: SampleRecord; readonly model: ModelReference }[],
    failure: Failure,
  ): void => {
    const [first, ...others] = left;
    if (first === undefined) return;
    context.log.warn('pictures failed', failure);
    if (others.length > 0) {
      for (const { sample, model } of left) alone.set(sample.id, JSON.stringify(model));
      return;
    }
    fail(first.sample, failure);
    const weights = JSON.stringify(first.model);
    const failures = (failuresInRow.get(weights) ?? 0) + 1;
    failuresInRow.set(weights, failures);
    if (failures < enoughFailures) return;
    failuresInRow.delete(weights);
    for (const [id, same] of alone) {
      const sample = same === weights ? records.find(id) : null;
      if (sample?.status === 'queued') fail(sample, failure);
    }
  };

  const makeAll = async () => {
    for (let chunk = nextChunk(); chunk.length > 0 && !closed; chunk = nextChunk()) await make(chunk);
  };

  /** What was being made when it ended, or when its end could not be written down, is there whole or is made again. */
  const takeUp = () => {
    for (const { id, file } of records.making()) setStatus(id, existsSync(file) ? 'ready' : 'queued');
  };

  const work = async (): Promise<void> => {
    takeUp();
    for (let seen = -1; seen !== wakes && !closed;) {
      seen = wakes;
      if (nextChunk().length === 0) continue;
      if (deps.settings().samplesWhileTraining === 'beside') await makeAll();
      else await way.goFirst(makeAll);
    }
  };

  let stopWaiting: () => void = () => undefined;

  const queue: PictureQueue = {
    wake: () => {
      wakes += 1;
      if (closed) return;
      const before = wakes;
      const urgent = records.waiting({ exceptUnderWay: false, limit: 1 })[0]?.bench === true;
      if (urgent && current?.samples.every(({ bench }) => !bench) === true) current.stop.abort();
      showQueue();
      working ??= work()
        .catch((error: unknown) => {
          context.log.error('the queue of pictures stopped', error);
          stopWaiting();
          if (isDiskFull(error)) stopWaiting = whenRoom(context.library.folder, queue.wake);
        })
        .finally(() => {
          working = null;
          if (wakes !== before && nextChunk().length > 0) queue.wake();
        });
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
      await Promise.race([working, sleep(patience, undefined, { ref: false })]);
    },
  };
  return queue;
}

function pictureOf(
  { prompt, negativePrompt, seed, recipe, file }: SampleRecord,
  model: ModelReference,
): Picture {
  return { model, prompt, negativePrompt, seed, ...recipe, output: file };
}

/** Four of 512 x 512 at once, eight at most of smaller ones. */
function batchOf(samples: readonly SampleRecord[]): number {
  const area = Math.max(...samples.map(({ recipe }) => recipe.width * recipe.height));
  return Math.min(8, samples.length, Math.max(1, Math.floor((4 * 512 ** 2) / area)));
}
