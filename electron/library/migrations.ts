import { datasetTables } from './migrations/01-datasets.ts';
import { runTables } from './migrations/02-runs.ts';
import { naturalNames } from './migrations/03-natural-names.ts';
import { pathsInLibrary } from './migrations/04-paths-in-library.ts';

/** In order; `user_version` counts those applied. One that has been published is never changed, only followed. */
export const migrations: readonly string[] = [datasetTables, runTables, naturalNames, pathsInLibrary];
