import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { EventName, EventOf, Publish } from '../../electron/contract/api.ts';
import { readRunData } from '../../electron/datasets/run-data.ts';
import { createDevice } from '../../electron/engine/device.ts';
import type { Engine } from '../../electron/engine/engine.ts';
import { createExports, type Exports } from '../../electron/exports/exports.ts';
import { createGallery, type Gallery } from '../../electron/gallery/gallery.ts';
import { type DomainContext, openLibrary } from '../../electron/library/library.ts';
import { createSettings, type SettingsStore } from '../../electron/library/settings.ts';
import { createLoras } from '../../electron/loras/loras.ts';
import { createModels, type Models } from '../../electron/models/models.ts';
import { createRuns, type Runs } from '../../electron/runs/runs.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const sampleRunFile = join(root, 'resources', 'sample', 'run.json');

export interface Told {
  readonly event: EventName;
  readonly payload: EventOf<EventName>;
}

/** The services around the engine over a library of their own, as the studio wires them. */
export interface LibraryServices {
  readonly context: DomainContext;
  readonly settings: SettingsStore;
  readonly models: Models;
  readonly gallery: Gallery;
  readonly runs: Runs;
  readonly exports: Exports;
  /** All that pages were told. */
  readonly told: Told[];
  /** Resolves with the first of such an event, of those told already or yet to come. */
  readonly until: <E extends EventName>(
    event: E,
    which: (payload: EventOf<E>) => boolean,
  ) => Promise<EventOf<E>>;
  readonly close: () => Promise<void>;
}

export function wireServices(folder: string, engine: Engine, now: () => number = Date.now): LibraryServices {
  const told: Told[] = [];
  const listeners = new Set<(said: Told) => void>();
  const publish: Publish = (event, payload) => {
    const said = { event, payload } as Told;
    told.push(said);
    for (const listener of listeners) listener(said);
  };
  const library = openLibrary(folder);
  const ignore = () => undefined;
  const context: DomainContext = {
    library,
    publish,
    now,
    ...(now === Date.now ? {} : { steady: now }),
    log: { info: ignore, warn: ignore, error: console.error },
  };
  const settings = createSettings(library.database);
  const device = createDevice(engine);
  const models = createModels(context, { engine, settings, software: 'Screenfold 0.1.0' });
  const loras = createLoras(context);
  const gallery = createGallery(context, {
    device,
    settings,
    loras,
    modelFolder: models.folder,
    features: join(root, 'resources', 'features', 'efficientnet-lite0.safetensors'),
  });
  const runs = createRuns(context, {
    device,
    settings,
    data: (...choice) => readRunData(library.database, ...choice),
    base: models.base,
    pictures: gallery,
    sampleRunFile,
  });
  const exports = createExports(context, {
    ...{ device, settings, software: 'Screenfold 0.1.0' },
    ...{ model: models.named, loras },
  });
  let open = true;
  const close = async () => {
    if (!open) return;
    open = false;
    await Promise.all([runs.close(), gallery.close(), models.close(), exports.close()]);
    library.close();
  };
  return {
    context,
    settings,
    models,
    gallery,
    runs,
    exports,
    told,
    until: (event, which) =>
      new Promise((resolve) => {
        const look = (said: Told) => {
          if (said.event !== event || !which(said.payload as never)) return;
          listeners.delete(look);
          resolve(said.payload as never);
        };
        listeners.add(look);
        told.forEach(look);
      }),
    close,
  };
}
