/** Serves the library at the path given over the web host and says its address. */
import { fileURLToPath } from 'node:url';

import { startEngine } from '../../electron/engine/engine-process.ts';
import { startWebHost } from '../../electron/hosts/web.ts';
import { resourcesOf } from '../../electron/studio/domains.ts';
import { createStudio } from '../../electron/studio/studio.ts';
import { bareSurface } from '../studio/bare-surface.ts';

const studio = createStudio({
  libraryFolder: process.argv[2]!,
  engine: startEngine(),
  version: '0.0.0-test',
  resources: resourcesOf(fileURLToPath(new URL('../../resources', import.meta.url))),
  surface: bareSurface('web'),
});
const host = await startWebHost({ studio, pageFolder: process.argv[2]!, port: 0 });
process.once('SIGTERM', () => {
  // Nothing is left to do then, and so the process is to end by itself.
  void host.close().then(async () => (await studio).close());
});
console.log(host.address);
