import { onTestFinished } from 'vitest';

import type { Engine } from '../../electron/engine/engine.ts';
import { type LibraryServices, wireServices } from './services.ts';

/** Services that end with the test. */
export function servicesOver(folder: string, engine: Engine, now?: () => number): LibraryServices {
  const services = wireServices(folder, engine, now);
  onTestFinished(services.close);
  return services;
}
