/**
 * A studio in a process of its own, to be killed: captions a folder by a tagger, and says on standard output how many images
 * have captions.
 */
import { createCaptioners } from '../../electron/captioners/captioners.ts';
import { createDatasets } from '../../electron/datasets/datasets.ts';
import { createDevice } from '../../electron/engine/device.ts';
import { startEngine } from '../../electron/engine/engine-process.ts';
import { openLibrary } from '../../electron/library/library.ts';
import { createSettings } from '../../electron/library/settings.ts';

const [libraryFolder, tagger] = process.argv.slice(2);
const library = openLibrary(libraryFolder!);
const silent = () => undefined;
const context = {
  library,
  publish: (event: string, payload: unknown) => {
    if (event !== 'captioners.progress') return;
    const { done, status } = payload as { readonly done: number; readonly status: string };
    process.stdout.write(`${status} ${done}\n`);
  },
  log: { info: silent, warn: silent, error: silent },
  now: Date.now,
};
const datasets = createDatasets(context);
const device = createDevice(startEngine());
const settings = createSettings(library.database);
settings.change({ provider: 'cpu' });
const captioners = createCaptioners(context, {
  device,
  settings,
  datasets,
  specimen: '',
});
const { handlers } = { handlers: { ...datasets.handlers, ...captioners.handlers } };
const [dataset] = await handlers['datasets.list']({});
if ((await handlers['captions.sets']({ datasetId: dataset!.id })).length === 0) {
  const { captionerId } = await handlers['captioners.add']({ path: tagger! });
  const { usualCaptioning } = await import('../../native/facts/captioning.ts');
  const options = { ...usualCaptioning, exclude: [], generalThreshold: 0.1 };
  const source = { kind: 'model', captionerId, options } as const;
  await handlers['captions.createSet']({ datasetId: dataset!.id, name: 'By a tagger', source });
}
await captioners.settled();
process.stdout.write('settled\n');
process.exit();
