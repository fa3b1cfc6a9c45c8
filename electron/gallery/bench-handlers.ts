import { join } from 'node:path';

import { Failure } from '../../native/failure.ts';
import type { HandlersOf, ParsedInputOf } from '../contract/api.ts';
import type { DomainContext } from '../library/library.ts';
import { misfitOf } from '../loras/lora-fits.ts';
import type { Loras } from '../loras/loras.ts';
import { readBaseModel } from '../runs/base-model.ts';
import type { ComparisonCall } from './comparison-handlers.ts';
import type { PictureQueue } from './picture-queue.ts';
import type { PictureWeights } from './picture-weights.ts';
import { removeBench } from './remove-bench.ts';
import { sampleOf, type SampleRecords } from './sample-records.ts';

export interface BenchDeps {
  readonly context: DomainContext;
  readonly records: SampleRecords;
  readonly weights: PictureWeights;
  readonly queue: PictureQueue;
  readonly loras: Pick<Loras, 'all' | 'named'>;
}

/** What pages ask of the prompt bench, and of single pictures. */
export function benchHandlers({
  context,
  records,
  weights,
  queue,
  loras,
}: BenchDeps): Omit<HandlersOf<'gallery'>, ComparisonCall> {
  const { publish } = context;
  const samplesChanged = () => {
    publish('changed', { subjects: ['samples'] });
  };
  return {
    'gallery.generate': async (request) => {
      const { base } = await weights.ofSource(request.model);
      await checkSize(base, request.recipe);
      const sampleIds = insertAll(context, records, request, loras.named(request.loras ?? []));
      for (const id of sampleIds) publish('gallery.sample', sampleOf(records.get(id)));
      samplesChanged();
      queue.wake();
      return { sampleIds };
    },
    'gallery.makeAgain': ({ sampleId }) => {
      const { id, bench, status } = records.get(sampleId);
      if (bench && (status === 'failed' || status === 'cancelled')) {
        records.setStatus(id, 'queued');
        publish('gallery.sample', sampleOf(records.get(id)));
        queue.wake();
      }
      return null;
    },
    'gallery.fittingLoras': async ({ model }) => {
      const { base } = await weights.ofSource(model);
      const fits: { loraId: number; problem: string | null }[] = [];
      for (const { id, path } of loras.all()) fits.push({ loraId: id, problem: await misfitOf(path, base) });
      return fits;
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
      samplesChanged();
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
      records.cancel(samples);
      await queue.interrupt(({ id }) => sampleIds.includes(id));
      await removeBench(records, samples);
      samplesChanged();
      return null;
    },
  };
}

/** One picture for each seed; gives their ids. */
function insertAll(
  { library: { database, paths }, now }: DomainContext,
  records: SampleRecords,
  { model, prompt, negativePrompt, seeds, recipe }: ParsedInputOf<'gallery.generate'>,
  loras: ReturnType<Loras['named']>,
): number[] {
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
          loras: [...loras],
          file: '',
          status: 'queued',
        },
        now(),
      );
      records.setFile(id, join(paths.pictures, `${id}.png`));
      return id;
    }),
  );
  return insert();
}

async function checkSize(base: string, { width, height }: { width: number; height: number }): Promise<void> {
  const { vaeFactor } = await readBaseModel(base, 'full');
  if (width % vaeFactor === 0 && height % vaeFactor === 0) return;
  throw new Failure(
    'picture-size',
    `This model cannot make pictures of ${width} x ${height}.`,
    `Choose multiples of ${vaeFactor}.`,
  );
}
