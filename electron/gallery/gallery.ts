import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { Failure } from '../../native/failure.ts';
import type { ModelReference } from '../../native/jobs.ts';
import type { HandlersOf, ParsedInputOf } from '../contract/api.ts';
import type { Engine } from '../engine/engine.ts';
import type { RightOfWay } from '../engine/right-of-way.ts';
import type { DomainContext } from '../library/library.ts';
import type { SettingsStore } from '../library/settings.ts';
import { readBaseModel } from '../runs/base-model.ts';
import { checkpointEpochs, modelAt } from '../runs/run-folder.ts';
import { createRunReader } from '../runs/run-reader.ts';
import { createRunRecords } from '../runs/run-records.ts';
import { compareRuns } from './compare-runs.ts';
import { fillRun } from './fill-run.ts';
import { createPictureQueue } from './picture-queue.ts';
import { createSampleRecords, sampleOf, type SampleRecord } from './sample-records.ts';

export interface GalleryDeps {
  readonly engine: Engine;
  readonly way: RightOfWay;
  readonly settings: Pick<SettingsStore, 'get'>;
  /** Throws Failure `model-missing`. */
  readonly modelFolder: (modelId: number) => string;
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

type Source = ParsedInputOf<'gallery.generate'>['model'];

export function createGallery(context: DomainContext, deps: GalleryDeps): Gallery {
  const { library, publish, now, log } = context;
  const { database, paths } = library;
  const records = createSampleRecords(database);
  const runs = createRunRecords(database);
  const read = createRunReader(database);
  const fills = new Set<Promise<unknown>>();
  let closed = false;

  const referenceOf = async (source: Source): Promise<ModelReference> => {
    if (source.kind === 'model') return { base: deps.modelFolder(source.modelId) };
    const run = await read(runs.get(source.runId));
    if (source.epoch !== 0 && !(await checkpointEpochs(run.folder)).includes(source.epoch)) {
      throw new Failure(
        'no-such-epoch',
        `${run.spec.name} has no checkpoint of epoch ${source.epoch}.`,
        'Choose an epoch that was kept.',
      );
    }
    return modelAt(run, source.epoch);
  };
  const sourceOf = ({ runId, modelId, epoch }: SampleRecord): Source => {
    if (runId !== null) return { kind: 'run', runId, epoch: epoch ?? 0 };
    if (modelId !== null) return { kind: 'model', modelId };
    throw new Failure('model-missing', 'The model of this picture is gone.', 'Choose another model.');
  };
  const queue = createPictureQueue({
    context,
    engine: deps.engine,
    way: deps.way,
    records,
    settings: deps.settings.get,
    modelOf: async (sample) => referenceOf(sourceOf(sample)),
    deviceOf: ({ runId }) => {
      const provider =
        (runId === null ? null : runs.find(runId)?.request.provider) ?? deps.settings.get().provider;
      return provider === null ? {} : { provider };
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
  const cancel = (samples: readonly SampleRecord[]) => {
    for (const { id, status } of samples) {
      if (status === 'queued' || status === 'making') records.setStatus(id, 'cancelled');
    }
  };

  const handlers: HandlersOf<'gallery'> = {
    'gallery.comparison': async ({ runIds }) => {
      const compared = [];
      for (const id of new Set(runIds)) {
        const record = runs.get(id);
        compared.push({ record, run: await read(record) });
      }
      return compareRuns(compared, database, records);
    },
    'gallery.fill': async ({ runIds }) => {
      let queued = 0;
      for (const id of runIds) queued += await fill(id, true);
      return { queued };
    },
    'gallery.cancelQueued': async ({ runIds }) => {
      const isTheirs = ({ runId, bench }: SampleRecord) => !bench && runId !== null && runIds.includes(runId);
      const samples = runIds.flatMap((id) => records.ofRun(id));
      cancel(samples);
      await queue.interrupt(isTheirs);
      for (const { id } of samples) publish('gallery.sample', sampleOf(records.get(id)));
      publish('gallery.queue', records.counts());
      return null;
    },
    'gallery.generate': async ({ model, prompt, negativePrompt, seeds, recipe }) => {
      const { base } = await referenceOf(model);
      await checkSize(base, recipe);
      const insert = database.transaction(() =>
        seeds.map((seed) => {
          const id = records.insert(
            {
              runId: model.kind === 'run' ? model.runId : null,
              modelId: model.kind === 'model' ? model.modelId : null,
              epoch: model.kind === 'run' ? model.epoch : null,
              bench: true,
              prompt,
              negativePrompt,
              seed,
              recipe,
              file: '',
              status: 'queued',
            },
            now(),
          );
          records.setFile(id, join(paths.pictures, `${id}.png`));
          return id;
        }),
      );
      const sampleIds = insert();
      for (const id of sampleIds) publish('gallery.sample', sampleOf(records.get(id)));
      queue.wake();
      return { sampleIds };
    },
    'gallery.history': ({ offset, limit }) => {
      const { total, samples } = records.bench(offset, limit);
      return { total, samples: samples.map(sampleOf) };
    },
    'gallery.favourites': () => records.favourites().map(sampleOf),
    'gallery.sample': ({ sampleId }) => sampleOf(records.get(sampleId)),
    'gallery.setFavourite': ({ sampleId, favourite }) => {
      const { id } = records.get(sampleId);
      records.setFavourite(id, favourite);
      publish('gallery.sample', sampleOf(records.get(id)));
      return null;
    },
    'gallery.removeSamples': async ({ sampleIds }) => {
      const samples = sampleIds.map((id) => records.get(id));
      const other = samples.find(({ bench }) => !bench);
      if (other !== undefined) {
        throw new Failure(
          'sample-of-run',
          `The picture of “${other.prompt}” belongs to a run's comparison.`,
          'Remove the run, or choose other prompts and seeds for it.',
        );
      }
      cancel(samples);
      await queue.interrupt(({ id }) => sampleIds.includes(id));
      await removeBench(samples);
      return null;
    },
  };
  const removeBench = async (samples: readonly SampleRecord[]) => {
    for (const { id, file } of samples) {
      records.remove(id);
      await rm(file, { force: true });
    }
  };

  queue.wake();
  return {
    handlers,
    sampleFile: (sampleId) => {
      const { status, file } = records.get(sampleId);
      if (status === 'ready') return file;
      throw new Failure(
        'sample-not-ready',
        'This picture has not been made.',
        'Wait for it, or make it again.',
      );
    },
    wanted,
    forget: async (runId) => {
      const bench = records.benchOfRun(runId);
      cancel([...records.ofRun(runId), ...bench]);
      await queue.interrupt((sample) => sample.runId === runId);
      await removeBench(bench);
    },
    close: async () => {
      closed = true;
      await Promise.allSettled(fills);
      await queue.close();
    },
  };
}

async function checkSize(base: string, { width, height }: { width: number; height: number }): Promise<void> {
  const { vaeFactor } = await readBaseModel(base, 'full');
  if (width % vaeFactor === 0 && height % vaeFactor === 0) return;
  throw new Failure(
    'recipe-size',
    `This model makes no pictures of ${width} x ${height}.`,
    `Choose multiples of ${vaeFactor}.`,
  );
}
