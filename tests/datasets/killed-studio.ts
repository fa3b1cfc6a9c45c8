/**
 * A studio in a process of its own, to be killed: imports a folder, then writes captions one by one, and says on standard
 * output what has been answered.
 */
import { createDatasets } from '../../electron/datasets/datasets.ts';
import { openLibrary } from '../../electron/library/library.ts';

const [libraryFolder, images] = process.argv.slice(2);
const library = openLibrary(libraryFolder!);
const silent = () => undefined;
const say = (line: string) => process.stdout.write(`${line}\n`);
const { handlers, settled } = createDatasets({
  library,
  publish: (event) => {
    if (event !== 'changed') return;
    const rows = library.database.prepare('SELECT count(*) FROM image').pluck().get();
    say(`images ${String(rows)}`);
  },
  log: { info: silent, warn: silent, error: silent },
  now: Date.now,
});

let [dataset] = await handlers['datasets.list']({});
if (dataset === undefined) {
  await handlers['datasets.import']({
    ...{
      paths: [images!],
      uploadId: null,
      name: null,
      datasetId: null,
      fileNamePattern: null,
      unpack: false,
    },
  });
}
await settled();
[dataset] = await handlers['datasets.list']({});
const datasetId = dataset!.id;
say('imported');
const source = { kind: 'fixed', text: 'before' } as const;
const { captionSetId } = await handlers['captions.createSet']({ datasetId, name: 'Set', source });
const ids = library.database.prepare<[], number>('SELECT id FROM image ORDER BY id').pluck().all();
for (let count = 0; ; count++) {
  const imageId = ids[count % ids.length]!;
  await handlers['captions.write']({ captionSetId, captions: [{ imageId, text: `text ${count}` }] });
  say(`caption ${captionSetId} ${imageId} ${count}`);
}
