import { fileURLToPath } from 'node:url';

import { onTestFinished } from 'vitest';

import { type ClosableClient, createClient } from '../../electron/connection/client.ts';
import type { Engine } from '../../electron/engine/engine.ts';
import { resourcesOf } from '../../electron/studio/domains.ts';
import { createStudio, type Studio, type StudioDependencies } from '../../electron/studio/studio.ts';
import { Failure } from '../../native/failure.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { bareSurface } from './bare-surface.ts';
import { linkInMemory } from './memory-link.ts';

const resources = fileURLToPath(new URL('../../resources', import.meta.url));

/** An engine that can do nothing. */
export const noEngine: Engine = {
  run: () => Promise.reject(new Failure('engine-died', 'There is no engine here.', 'Do without.')),
};

export interface Opened {
  readonly studio: Studio;
  readonly client: ClosableClient;
}

/** A real studio over a library of this test's own, and a page's client to it; closed when the test ends. */
export async function openStudio(changes: Partial<StudioDependencies> = {}): Promise<Opened> {
  const studio = await createStudio({
    libraryFolder: temporaryFolder(),
    engine: noEngine,
    surface: bareSurface('memory'),
    version: '1.2.3',
    resources: resourcesOf(resources),
    checkOutput: true,
    ...changes,
  });
  const client = createClient(linkInMemory(Promise.resolve(studio)));
  let open = true;
  onTestFinished(async () => {
    client.close();
    if (open) await studio.close();
    open = false;
  });
  return { studio: { ...studio, close: () => ((open = false), studio.close()) }, client };
}
