import { join } from 'node:path';

import { expect, test } from 'vitest';

import { readHere } from '../../electron/datasets/files/picture-reader.ts';
import { openLibrary } from '../../electron/library/library.ts';
import { fill } from './folder.ts';
import { filesOf, importFolder, openStudio, testFolder } from './studio.ts';

interface SourceRow {
  readonly pending: number;
  readonly attempts: number;
}

function sourcesOf(libraryFolder: string): readonly SourceRow[] {
  const library = openLibrary(libraryFolder);
  const rows = library.database.prepare<[], SourceRow>('SELECT pending, attempts FROM dataset_source').all();
  library.close();
  return rows;
}

/** As a kill leaves a library whose one data set is to be read, after so many attempts. */
async function interrupted(attempts: number): Promise<{ readonly library: string; readonly folder: string }> {
  const folder = await fill(join(testFolder(), 'set'), { 'a.png': null, 'b.png': null });
  const library = join(testFolder(), 'library');
  const opened = openLibrary(library);
  opened.database.exec("INSERT INTO dataset (name, created_at) VALUES ('Set', 0)");
  opened.database
    .prepare("INSERT INTO dataset_source (dataset_id, root, prefix, attempts) VALUES (1, ?, '', ?)")
    .run(folder, attempts);
  opened.close();
  return { library, folder };
}

test('an import that was interrupted once goes on at the next start', async () => {
  const { library } = await interrupted(1);
  const studio = openStudio(library);
  await studio.datasets.settled();
  expect(await filesOf(studio, 1)).toEqual(['a.png', 'b.png']);
  await studio.close();
  expect(sourcesOf(library)).toEqual([{ pending: 0, attempts: 0 }]);
});

test('one that was interrupted twice without coming further waits until it is asked for, and says so', async () => {
  const { library, folder } = await interrupted(2);
  const studio = openStudio(library);
  await studio.datasets.settled();
  expect(await filesOf(studio, 1)).toEqual([]);
  expect(await studio.call('datasets.list', {})).toMatchObject([{ importing: false, problems: 1 }]);
  expect(await studio.call('datasets.problems', { datasetId: 1 })).toMatchObject([
    {
      file: folder,
      failure: {
        code: 'import-interrupted',
        message: `Screenfold ended twice while it was reading ${folder}, and does not read it again by itself.`,
      },
    },
  ]);
  await studio.call('datasets.rescan', { datasetId: 1 });
  await studio.datasets.settled();
  expect(await filesOf(studio, 1)).toEqual(['a.png', 'b.png']);
  expect(await studio.call('datasets.problems', { datasetId: 1 })).toEqual([]);
});

test('an attempt is noted before anything is read, and taken back when it ends or is broken off in order', async () => {
  const folder = await fill(join(testFolder(), 'set'), { 'a.png': null });
  const library = join(testFolder(), 'library');
  const seen: (readonly SourceRow[])[] = [];
  const studio = openStudio(library, {
    pictures: {
      ...readHere,
      read: async (path, thumbnail) => {
        seen.push(sourcesOf(library));
        return await readHere.read(path, thumbnail);
      },
    },
  });
  await importFolder(studio, folder);
  expect(seen).toEqual([[{ pending: 1, attempts: 1 }]]);
  await studio.close();
  expect(sourcesOf(library)).toEqual([{ pending: 0, attempts: 0 }]);

  const again = openStudio(library, {
    pictures: {
      ...readHere,
      // Stopped in the midst of it.
      prepare: () => void again.close(),
    },
  });
  await again.call('datasets.rescan', { datasetId: 1 });
  await again.close();
  expect(sourcesOf(library)).toEqual([{ pending: 1, attempts: 0 }]);
});

test('an import that comes further at every start is tried again as often as it takes', async () => {
  const { library } = await interrupted(1);
  const seen: (readonly SourceRow[])[] = [];
  const studio = openStudio(library, {
    concurrency: 1,
    pictures: {
      ...readHere,
      read: async (path, thumbnail) => {
        seen.push(sourcesOf(library));
        // Longer than a batch may take, so that each picture is a batch of its own.
        await new Promise((resolve) => setTimeout(resolve, 600));
        return await readHere.read(path, thumbnail);
      },
    },
  });
  await studio.datasets.settled();
  expect(seen.map(([source]) => source!.attempts)).toEqual([2, 0]);
  expect(await filesOf(studio, 1)).toEqual(['a.png', 'b.png']);
});
