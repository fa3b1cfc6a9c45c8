import { resolve } from 'node:path';

import { describeCaptioner } from '../../native/captioning/captioner-files.ts';
import { usualCaptioning } from '../../native/facts/captioning.ts';
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
import { pathInside } from '../library/path-inside.ts';
import { removeInside } from '../library/remove-inside.ts';
import type { SettingsStore } from '../library/settings.ts';
import { type CaptionerRecord, type CaptionerRecords, createCaptionerRecords } from './captioner-records.ts';
import { type CaptioningQueue, createCaptioningQueue } from './captioning-queue.ts';
import { folderBytes } from './folder-bytes.ts';

export interface CaptionersDeps {
  readonly device: Device;
  readonly settings: SettingsStore;
  readonly datasets: Pick<Datasets, 'captioning' | 'captionsChanged' | 'onCaptioning'>;
  /** A picture that a model is tried on before it counts. */
  readonly specimen: string;
}

export interface Captioners {
  readonly handlers: HandlersOf<'captioners'>;
  /** Opens a model that was downloaded, has it caption a picture, and adds it under a name. */
  readonly addDownloaded: (folder: string, name: string, signal: AbortSignal) => Promise<void>;
  /** The model whose folder this is. */
  readonly at: (folder: string) => number | null;
  /** The one that was downloaded under a name. */
  readonly downloadedAs: (name: string) => number | null;
  readonly settled: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** How many images a model is tried on. */
const tried = 3;

/** Models that caption, and what they are having to caption; work that was under way goes on where it was. */
export function createCaptioners(context: DomainContext, deps: CaptionersDeps): Captioners {
  const { database, folder: library, paths: places } = context.library;
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
  const isDownloaded = (folder: string) => pathInside(places.downloads, folder) !== null;
  const only = (found: CaptionerRecord | undefined) => found?.id ?? null;
  datasets.onCaptioning(queue.wake);
  queue.wake();

  return {
    settled: queue.settled,
    close: queue.close,
    at: (folder) => only(records.all().find((one) => one.folder === folder)),
    downloadedAs: (name) => only(records.all().find((one) => one.name === name && isDownloaded(one.folder))),
    addDownloaded: async (folder, name, signal) => {
      const facts = await describeCaptioner(folder);
      const job: CaptionJob = {
        ...{ kind: 'caption', model: folder, device: wanted(), pictures: [deps.specimen] },
        options: { ...usualCaptioning, beams: 1, longest: 8 },
      };
      await device.borrow('beside', (engine) => engine.run(job, { stop: signal, kill: signal }));
      signal.throwIfAborted();
      records.add({ ...facts, name, folder, createdAt: context.now() });
      changed();
    },
    handlers: {
      ...workHandlers(deps, queue),
      'captioners.try': tryHandler(context, deps, records),
      'captioners.list': () =>
        Promise.all(
          records.all().map(async (record) => ({
            ...record,
            missing: !(await exists(record.folder)),
            downloaded: isDownloaded(record.folder),
          })),
        ),
      'captioners.add': async ({ path }) => {
        const folder = resolve(path);
        const facts = await describeCaptioner(folder);
        const captionerId = records.add({ ...facts, folder, createdAt: context.now() });
        changed();
        return { captionerId };
      },
      'captioners.remove': async ({ captionerId }) => {
        const { folder } = records.get(captionerId);
        const [set] = captioning.neededBy(captionerId);
        if (set !== undefined) {
          throw new Failure(
            'captioner-in-use',
            `It still has to caption '${set}'.`,
            'Let it finish, or leave the rest without captions.',
          );
        }
        records.remove(captionerId);
        changed();
        if (!isDownloaded(folder)) return { freedBytes: null };
        const freedBytes = await folderBytes(folder);
        await removeInside(library, folder, context.log);
        return { freedBytes };
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

/** What a model says of a few images. */
function tryHandler(
  { library: { database } }: DomainContext,
  { device, settings }: CaptionersDeps,
  records: CaptionerRecords,
): HandlersOf<'captioners'>['captioners.try'] {
  return async ({ captionerId, datasetId, imageIds, options }) => {
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
      ...{ kind: 'caption', model, options, device: deviceChoice(settings.get()) },
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
  };
}
