import { resolve } from 'node:path';

import { describeCaptioner } from '../../native/captioning/captioner-files.ts';
import { Failure } from '../../native/failure.ts';
import { exists } from '../../native/files/exists.ts';
import type { CaptionJob, PictureCaption } from '../../native/jobs.ts';
import type { HandlersOf } from '../contract/api.ts';
import type { CaptioningRecord } from '../datasets/captions/captioning-records.ts';
import type { Datasets } from '../datasets/datasets.ts';
import { storedImages } from '../datasets/images/image-records.ts';
import type { Device } from '../engine/device.ts';
import { deviceChoice } from '../engine/device-choice.ts';
import type { DomainContext } from '../library/library.ts';
import type { SettingsStore } from '../library/settings.ts';
import { createCaptionerRecords } from './captioner-records.ts';
import { type CaptioningQueue, createCaptioningQueue } from './captioning-queue.ts';
import { knownCaptioners } from './known-captioners.ts';

export interface CaptionersDeps {
  readonly device: Device;
  readonly settings: SettingsStore;
  readonly datasets: Pick<Datasets, 'captioning' | 'captionsChanged' | 'onCaptioning'>;
}

export interface Captioners {
  readonly handlers: HandlersOf<'captioners'>;
  readonly settled: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** How many images a model is tried on. */
const tried = 3;

/** Models that caption, and what they are having to caption; work that was under way goes on where it was. */
export function createCaptioners(context: DomainContext, deps: CaptionersDeps): Captioners {
  const { database } = context.library;
  const { device, settings, datasets } = deps;
  const { captioning } = datasets;
  const records = createCaptionerRecords(database);
  const wanted = () => deviceChoice(settings.get());
  const queue = createCaptioningQueue({
    ...{ context, device, captioners: records, captioning, deviceChoice: wanted },
    captionsChanged: datasets.captionsChanged,
  });
  const changed = () => {
    context.publish('changed', { subjects: ['captioners'] });
  };
  datasets.onCaptioning(queue.wake);
  queue.wake();

  return {
    settled: queue.settled,
    close: queue.close,
    handlers: {
      ...workHandlers(deps, queue),
      'captioners.list': () =>
        Promise.all(
          records.all().map(async (record) => ({ ...record, missing: !(await exists(record.folder)) })),
        ),
      'captioners.known': () => [...knownCaptioners],
      'captioners.add': async ({ path }) => {
        const folder = resolve(path);
        const facts = await describeCaptioner(folder);
        const captionerId = records.add({ ...facts, folder, createdAt: context.now() });
        changed();
        return { captionerId };
      },
      'captioners.remove': ({ captionerId }) => {
        const [set] = captioning.neededBy(records.get(captionerId).id);
        if (set !== undefined) {
          throw new Failure(
            'captioner-in-use',
            `It still has to caption '${set}'.`,
            'Let it finish, or leave the rest without captions.',
          );
        }
        records.remove(captionerId);
        changed();
        return null;
      },
      'captioners.try': async ({ captionerId, datasetId, imageIds, options }) => {
        const model = records.get(captionerId).folder;
        const all = [...storedImages(database, datasetId)].filter(({ excluded }) => !excluded);
        const images =
          imageIds === undefined
            ? Array.from(
                { length: Math.min(tried, all.length) },
                (_, at) => all[Math.floor((at * all.length) / Math.min(tried, all.length))]!,
              )
            : all.filter(({ imageId }) => imageIds.includes(imageId));
        const said: { readonly at: number; readonly caption: PictureCaption }[] = [];
        const job: CaptionJob = {
          ...{ kind: 'caption', model, options, device: wanted() },
          pictures: images.map(({ path }) => path),
        };
        await device.borrow('beside', (engine) =>
          engine.run(job, {
            onEvent: (event) => {
              if (event.type !== 'captions') return;
              for (const caption of event.captions) said.push({ at: performance.now(), caption });
            },
          }),
        );
        const [first, last] = [said[0], said.at(-1)];
        const spans = said.length - 1;
        return {
          captions: said.map(({ caption }) => {
            const { imageId, id: file } = images[caption.index]!;
            if ('text' in caption) return { imageId, file, text: caption.text, failure: null };
            const { message, hint } = caption.failure;
            return { imageId, file, text: '', failure: { code: 'image-unreadable', message, hint } };
          }),
          secondsEach:
            first === undefined || last === undefined || last.at === first.at
              ? null
              : (last.at - first.at) / 1000 / spans,
        };
      },
    },
  };
}

type WorkMethods = 'captioners.work' | 'captioners.pause' | 'captioners.resume' | 'captioners.cancel';

function workHandlers(
  { datasets: { captioning, captionsChanged } }: CaptionersDeps,
  queue: CaptioningQueue,
): Pick<HandlersOf<'captioners'>, WorkMethods> {
  const require = (captionSetId: number): CaptioningRecord => {
    const record = captioning.find(captionSetId);
    if (record !== null) return record;
    throw new Failure(
      'captioning-unknown',
      'Nothing is being captioned there any more.',
      'It may have finished, or been removed.',
    );
  };
  return {
    'captioners.work': ({ datasetId }) => captioning.of(datasetId).map(queue.describe),
    'captioners.pause': async ({ captionSetId }) => {
      const { datasetId } = require(captionSetId);
      captioning.setStatus(captionSetId, 'paused');
      await queue.stop(captionSetId);
      captionsChanged(datasetId);
      return null;
    },
    'captioners.resume': ({ captionSetId }) => {
      const { datasetId } = require(captionSetId);
      captioning.retry(captionSetId);
      captioning.setStatus(captionSetId, 'waiting');
      captionsChanged(datasetId);
      queue.wake();
      return null;
    },
    'captioners.cancel': async ({ captionSetId }) => {
      const { datasetId } = require(captionSetId);
      captioning.remove(captionSetId);
      await queue.stop(captionSetId);
      captionsChanged(datasetId);
      return null;
    },
  };
}
