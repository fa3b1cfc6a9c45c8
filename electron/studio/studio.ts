import { homedir } from 'node:os';
import { resolve } from 'node:path';

import { storageFailure } from '../../native/files/storage-failure.ts';
import type { AllHandlers } from '../contract/api.ts';
import type { StartPictureProcess } from '../datasets/files/picture-reader.ts';
import type { PublishedCaptioner } from '../downloads/published-captioners.ts';
import type { Starter } from '../downloads/starters.ts';
import { createEndableEngine } from '../engine/endable-engine.ts';
import type { Engine } from '../engine/engine.ts';
import { clearLeftovers } from '../library/leftovers.ts';
import { type DomainContext, type Library, type Log, openLibrary } from '../library/library.ts';
import { lockLibrary } from '../library/library-lock.ts';
import { createSettings } from '../library/settings.ts';
import { createDispatch, type Dispatch } from './dispatch.ts';
import { createDomains, type Resources } from './domains.ts';
import { createEvents, type Events } from './events.ts';
import { createLog } from './log.ts';
import { type MediaFile, resolveMedia } from './media.ts';
import { revealPath } from './reveal-target.ts';
import type { HostSurface } from './surface.ts';
import { createSystem } from './system.ts';

export interface StudioDependencies {
  readonly libraryFolder: string;
  readonly engine: Engine;
  readonly surface: HostSurface;
  readonly version: string;
  readonly resources: Resources;
  /** Where a process to decode pictures in comes from; by default from Node. */
  readonly startPictures?: StartPictureProcess;
  /** The bases that are offered; left out, the usual ones. */
  readonly starters?: readonly Starter[];
  /** The captioning models that are offered; left out, the usual ones. */
  readonly captioners?: readonly PublishedCaptioner[];
  /** The folder of GPU packs; left out, the user's. */
  readonly gpuPacks?: string;
  readonly home?: string;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Hold results and events to the contract as well: for tests, and while developing. */
  readonly checkOutput?: boolean;
}

/** Everything behind the page, whichever host it runs in. */
export interface Studio {
  readonly version: string;
  readonly libraryFolder: string;
  /** Where a browser's files are put before they are imported. */
  readonly uploads: string;
  readonly dispatch: Dispatch;
  readonly subscribe: Events['subscribe'];
  /** The picture at one of the contract's media paths, or null. */
  readonly media: (path: string) => Promise<MediaFile | null>;
  /** Whether a run computes at this moment. */
  readonly training: () => boolean;
  readonly log: Log;
  close(): Promise<void>;
}

/** @throws Failure where the library cannot be opened */
export async function createStudio(dependencies: StudioDependencies): Promise<Studio> {
  const { surface, version } = dependencies;
  const engine = createEndableEngine(dependencies.engine);
  const { home = homedir(), now = Date.now, checkOutput = false } = dependencies;
  const { library, unlock } = openAlone(dependencies.libraryFolder);
  const log = createLog(library.paths.logs, now);
  const events = createEvents(checkOutput);
  const context: DomainContext = { library, publish: events.publish, log, now };
  log.info(`Screenfold ${version} opens ${library.folder}`);

  await clearLeftovers(library, log);
  const settings = createSettings(library.database);
  const software = `Screenfold ${version}`;
  const onDevices = new Set<() => void>();
  const domains = await createDomains(context, {
    ...{ engine, settings, software, resources: dependencies.resources },
    ...(dependencies.startPictures === undefined ? {} : { startPictures: dependencies.startPictures }),
    ...(dependencies.starters === undefined ? {} : { starters: dependencies.starters }),
    ...(dependencies.captioners === undefined ? {} : { captioners: dependencies.captioners }),
    ...(dependencies.gpuPacks === undefined ? {} : { gpuPacks: dependencies.gpuPacks }),
    onDevices: () => {
      for (const listener of onDevices) listener();
    },
  });
  const handlers: Partial<AllHandlers> = {
    ...domains.handlers,
    ...createSystem({
      context,
      settings,
      log,
      engine,
      surface,
      version,
      home,
      training: domains.training,
      onDevices: (listener) => onDevices.add(listener),
      pathOf: (target) => revealPath(target, library, log.file, handlers),
    }),
  };
  const close = async () => {
    engine.endLooks();
    await domains.close();
    engine.endAll();
    library.close();
    unlock();
    log.close();
  };
  try {
    await domains.seed();
  } catch (error) {
    if (storageFailure(error) === null) {
      await close();
      throw error;
    }
    // What is in the library can be used without what comes with Screenfold; that is added at a later start.
    log.error('the sample and the base that come with Screenfold could not be added', error);
  }

  return {
    version,
    libraryFolder: library.folder,
    uploads: library.paths.uploads,
    dispatch: createDispatch(handlers, { log, checkOutput }),
    subscribe: events.subscribe,
    media: (path) => resolveMedia(path, domains.sources),
    training: domains.training,
    log,
    close: async () => {
      log.info('Screenfold closes');
      await close();
    },
  };
}

/** Alone in it before anything is changed: opening may bring it to a newer form, under another program's feet. */
function openAlone(folder: string): { readonly library: Library; readonly unlock: () => void } {
  const unlock = lockLibrary(resolve(folder));
  try {
    return { library: openLibrary(folder), unlock };
  } catch (error) {
    unlock();
    throw error;
  }
}
