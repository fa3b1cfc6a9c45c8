import { extname, join } from 'node:path';

import { Failure } from '../../native/failure.ts';
import { createCaptioners } from '../captioners/captioners.ts';
import type { AllHandlers } from '../contract/api.ts';
import { createDatasets } from '../datasets/datasets.ts';
import { createPictureReader, type StartPictureProcess } from '../datasets/files/picture-reader.ts';
import type { MediaFile as DatasetFile } from '../datasets/images/media.ts';
import { createDownloads } from '../downloads/downloads.ts';
import type { PublishedCaptioner } from '../downloads/published-captioners.ts';
import type { Starter } from '../downloads/starters.ts';
import { createDevice } from '../engine/device.ts';
import type { Engine } from '../engine/engine.ts';
import { createExports } from '../exports/exports.ts';
import { createGallery } from '../gallery/gallery.ts';
import { createGpu, packOpener } from '../gpu/gpu.ts';
import { readOffer } from '../gpu/pack-offer.ts';
import type { DomainContext } from '../library/library.ts';
import type { SettingsStore } from '../library/settings.ts';
import { createLoras } from '../loras/loras.ts';
import { createModels } from '../models/models.ts';
import { createRuns } from '../runs/runs.ts';
import type { MediaSource, MediaSources } from './media.ts';

export interface DomainDependencies {
  readonly engine: Engine;
  readonly settings: SettingsStore;
  /** For provenance: `Screenfold 0.1.0`. */
  readonly software: string;
  /** What comes with Screenfold. */
  readonly resources: Resources;
  /** Where a process to decode pictures in comes from; by default from Node. */
  readonly startPictures?: StartPictureProcess;
  /** The bases that are offered; left out, the usual ones. */
  readonly starters?: readonly Starter[];
  /** The captioning models that are offered; left out, the usual ones. */
  readonly captioners?: readonly PublishedCaptioner[];
  /** The folder of GPU packs; left out, the user's. */
  readonly gpuPacks?: string;
  /** What can be computed on may be another now. */
  readonly onDevices: () => void;
}

export interface Resources {
  /** The sample data set. */
  readonly sample: string;
  /** The embedded base model. */
  readonly seedling: string;
  /** The network that says what a picture shows, in one file. */
  readonly features: string;
  /** Word of the GPU pack that belongs to this version; it need not be there. */
  readonly gpuPack: string;
}

export function resourcesOf(folder: string): Resources {
  return {
    sample: join(folder, 'sample'),
    seedling: join(folder, 'seedling'),
    features: join(folder, 'features', 'efficientnet-lite0.safetensors'),
    gpuPack: process.env.SCREENFOLD_GPU_PACK ?? join(folder, 'gpu-pack.json'),
  };
}

export interface Domains {
  readonly handlers: Partial<AllHandlers>;
  readonly sources: Partial<MediaSources>;
  /** Puts what comes with Screenfold into the library, where it is not yet. */
  readonly seed: () => Promise<void>;
  /** Whether a run computes at this moment. */
  readonly training: () => boolean;
  readonly close: () => Promise<void>;
}

/** The domains of the library, each given what it needs of the others. */
export async function createDomains(
  context: DomainContext,
  dependencies: DomainDependencies,
): Promise<Domains> {
  const { engine, settings, software, resources } = dependencies;
  const { database } = context.library;
  const neededBy = database
    .prepare<[number], string>(
      `SELECT name FROM run WHERE dataset_id = ?
       AND status IN ('queued', 'preparing', 'training', 'stopping', 'paused', 'interrupted') LIMIT 1`,
    )
    .pluck();
  const datasets = createDatasets(context, {
    usedBy: (datasetId) => neededBy.get(datasetId) ?? null,
    pictures: createPictureReader(
      dependencies.startPictures === undefined ? {} : { start: dependencies.startPictures },
    ),
  });
  const device = createDevice(engine);
  const captioners = createCaptioners(context, {
    ...{ device, settings, datasets },
    specimen: join(resources.sample, 'avocado.webp'),
  });
  const models = createModels(context, { engine, settings, software });
  const loras = createLoras(context);
  const gallery = createGallery(context, {
    ...{ device, settings, modelFolder: models.folder, loras },
    features: resources.features,
  });
  const runs = createRuns(context, {
    device,
    settings,
    data: datasets.runData,
    base: models.base,
    pictures: gallery,
    sampleRunFile: join(resources.sample, 'run.json'),
  });
  const exports = createExports(context, { device, settings, software, model: models.named, loras });
  const { gpuPacks, onDevices } = dependencies;
  const offer = await readOffer(resources.gpuPack);
  const downloads = createDownloads(context, {
    settings,
    environment: process.env,
    addBase: async (path) =>
      (await loras.isLora(path))
        ? loras.handlers['loras.add']({ path })
        : models.handlers['models.add']({ path }),
    modelOf: models.at,
    loraOf: loras.at,
    addCaptioner: captioners.addDownloaded,
    captionerOf: captioners.at,
    captionerNamed: captioners.downloadedAs,
    openPack: async (archive, signal) => {
      await packOpener(gpuPacks, offer)(archive, signal);
      dependencies.onDevices();
      context.publish('changed', { subjects: ['system'] });
    },
    ...(dependencies.starters === undefined ? {} : { starters: dependencies.starters }),
    ...(dependencies.captioners === undefined ? {} : { captioners: dependencies.captioners }),
  });
  const gpu = createGpu(context, {
    ...{ engine, settings, offer, onDevices, tasks: downloads.tasks },
    ...(gpuPacks === undefined ? {} : { packs: gpuPacks }),
  });
  const training = database.prepare(
    "SELECT 1 FROM run WHERE status IN ('preparing', 'training', 'stopping') LIMIT 1",
  );
  return {
    handlers: {
      ...datasets.handlers,
      ...captioners.handlers,
      ...models.handlers,
      ...loras.handlers,
      ...gallery.handlers,
      ...runs.handlers,
      ...exports.handlers,
      ...downloads.handlers,
      ...gpu.handlers,
    },
    sources: {
      thumbnails: orNull(async (id) => sourceOf(await datasets.thumbnailFile(id))),
      images: orNull(async (id) => sourceOf(await datasets.imageFile(id))),
      masks: orNull(async (id) => sourceOf(await datasets.maskFile(id))),
      samples: orNull((id) => ({ file: gallery.sampleFile(id), contentType: 'image/png' })),
      exports: orNull((id) => exportMedia(exports.exportFile(id))),
      proofs: orNull((id) => exportMedia(exports.proofFile(id))),
      cards: orNull((id, number) => models.cardPicture(id, number)),
      classImages: orNull((id, number) => runs.classImage(id, number)),
    },
    seed: async () => {
      await models.addEmbedded(resources.seedling, 'Seedling');
      datasets.addSample(resources.sample, 'Fluent emoji');
    },
    training: () => training.get() !== undefined,
    close: async () => {
      const domains = [downloads, gpu, captioners, datasets, runs, gallery, models, exports];
      await Promise.all(domains.map((domain) => domain.close()));
    },
  };
}

const exportTypes: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
};

function exportMedia(file: string): MediaSource {
  return { file, contentType: exportTypes[extname(file).toLowerCase()] ?? 'application/octet-stream' };
}

function sourceOf({ path, contentType }: DatasetFile): MediaSource {
  return { file: path, contentType };
}

type Find<Ids extends readonly number[]> = (...ids: Ids) => MediaSource | Promise<MediaSource>;

/** A domain throws a `Failure` where it has no such picture; null for whoever wants to show it. */
function orNull<Ids extends readonly number[]>(
  find: Find<Ids>,
): (...ids: Ids) => Promise<MediaSource | null> {
  return async (...ids) => {
    try {
      return await find(...ids);
    } catch (error) {
      if (error instanceof Failure) return null;
      throw error;
    }
  };
}
