import { datasetTables } from './migrations/01-datasets.ts';
import { runTables } from './migrations/02-runs.ts';
import { naturalNames } from './migrations/03-natural-names.ts';
import { leftOutFiles } from './migrations/04-left-out.ts';
import { pathsInLibrary } from './migrations/05-paths-in-library.ts';
import { loraTables } from './migrations/06-loras.ts';
import { captionerTables } from './migrations/07-captioners.ts';

/** In order; `user_version` counts those applied. One that has been published is never changed, only followed. */
export const migrations: readonly string[] = [
  datasetTables,
  runTables,
  naturalNames,
  leftOutFiles,
  pathsInLibrary,
  loraTables,
  captionerTables,
];
