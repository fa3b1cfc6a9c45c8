/** A studio in a process of its own, over a library and a pretended engine, training until it is killed. */
import { join } from 'node:path';

import { pretendEngine } from './pretend-engine.ts';
import { pretendRequest } from './pretend-library.ts';
import { wireServices } from './services.ts';

const folder = process.argv[2]!;
const services = wireServices(join(folder, 'library'), pretendEngine({ perStep: 10, perPicture: 15 }).engine);
const request = await pretendRequest(services, folder, { epochs: 60, checkpoints: [1, 2, 3, 4, 5, 60] });
for (const name of ['first', 'second'])
  await services.runs.handlers['runs.start']({ request: { ...request, name } });
await services.until('gallery.sample', ({ epoch, status }) => epoch === 2 && status === 'ready');
process.stdout.write('under way\n');
