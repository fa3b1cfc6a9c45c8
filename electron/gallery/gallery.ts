import { Failure } from '../../native/failure.ts';
import type { HandlersOf } from '../contract/api.ts';
import type { Device } from '../engine/device.ts';
import { deviceChoice } from '../engine/device-choice.ts';
import type { DomainContext } from '../library/library.ts';
import type { SettingsStore } from '../library/settings.ts';
import type { Loras } from '../loras/loras.ts';
import { createRunReader } from '../runs/run-reader.ts';
import { createRunRecords } from '../runs/run-records.ts';
import { benchHandlers } from './bench-handlers.ts';
import { comparisonHandlers } from './comparison-handlers.ts';
import { fillRun } from './fill-run.ts';
import { createLikeness } from './likeness.ts';
import { createPictureQueue } from './picture-queue.ts';
import { createPictureWeights } from './picture-weights.ts';
import { removeBench } from './remove-bench.ts';
import { createSampleRecords } from './sample-records.ts';

export interface GalleryDeps {
  readonly device: Device;
  readonly settings: Pick<SettingsStore, 'get'>;
  /** Throws Failure `model-missing`. */
  readonly modelFolder: (modelId: number) => string;
  readonly loras: Pick<Loras, 'all' | 'named' | 'uses'>;
  /** The file of the network that says what a picture shows. */
  readonly features: string;
}

export interface Gallery {
  readonly handlers: HandlersOf<'gallery'>;
  /** The PNG of a picture that is there; throws Failure `sample-missing`, `sample-not-ready`. */
  readonly sampleFile: (sampleId: number) => string;
  /** Queues what is missing of a run, without asking again for what failed or was cancelled. */
  readonly wanted: (runId: number) => Promise<void>;
  /** Ends what is being made of a run's weights, and removes what the prompt bench made of them. */
  readonly forget: (runId: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

export function createGallery(context: DomainContext, deps: GalleryDeps): Gallery {
  const { library, publish, now, log } = context;
  const { database } = library;
  const records = createSampleRecords(database);
  const runs = createRunRecords(database);
  const read = createRunReader(database);
  const weights = createPictureWeights(runs, read, deps.modelFolder, deps.loras.uses);
  const fills = new Set<Promise<unknown>>();
  let closed = false;

  const place = () => (deps.settings.get().samplesWhileTraining === 'beside' ? 'beside' : 'in-pauses');
  const likeness = createLikeness({
    ...{ context, device: deps.device, place, records, runs, read },
    weights: deps.features,
  });
  const queue = createPictureQueue({
    context,
    place,
    onEmpty: likeness.wake,
    device: deps.device,
    records,
    settings: deps.settings.get,
    modelOf: weights.ofSample,
    deviceOf: ({ runId }) => {
      const request = runId === null ? undefined : runs.find(runId)?.request;
      return deviceChoice(request?.provider ? request : deps.settings.get());
    },
  });
  const fill = async (runId: number, again: boolean): Promise<number> => {
    const record = runs.get(runId);
    const run = await read(record);
    const { queued, changed } = await fillRun(record, run, database, records, { again, now });
    for (const sample of changed) publish('gallery.sample', sample);
    queue.wake();
    return queued;
  };
  const wanted = async (runId: number): Promise<void> => {
    if (closed) return;
    const filling = fill(runId, false);
    fills.add(filling);
    try {
      await filling;
    } catch (error) {
      // A run removed meanwhile wants nothing.
      if (runs.find(runId) !== null) log.warn('the pictures of a run could not be queued', error);
    } finally {
      fills.delete(filling);
    }
  };

  queue.wake();
  return {
    handlers: {
      ...comparisonHandlers({
        ...{ database, records, runs, read, queue, publish, likeness },
        fillAgain: (runId) => fill(runId, true),
      }),
      ...benchHandlers({ context, records, weights, queue, loras: deps.loras }),
    },
    sampleFile: (sampleId) => {
      const { status, file } = records.get(sampleId);
      if (status === 'ready') return file;
      throw new Failure(
        'sample-not-ready',
        'This picture is not made yet.',
        'Wait for it, or make it again.',
      );
    },
    wanted,
    forget: async (runId) => {
      const bench = records.benchOfRun(runId);
      records.cancel([...records.ofRun(runId), ...bench]);
      await queue.interrupt((sample) => sample.runId === runId);
      await removeBench(records, bench);
    },
    close: async () => {
      closed = true;
      await Promise.allSettled(fills);
      await Promise.all([queue.close(), likeness.close()]);
    },
  };
}
