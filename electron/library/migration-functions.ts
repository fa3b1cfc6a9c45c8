import { dirname } from 'node:path';

import type Database from 'better-sqlite3';

import {
  formerLibrary,
  formerLibraryOfModel,
  formerLibraryOfUpload,
  pathFromFormer,
} from './former-paths.ts';
import { nameKey } from './name-key.ts';

/** What migrations ask for beyond SQL. For them alone: other programs, too, must be able to read and check the database. */
export function addMigrationFunctions(database: Database.Database): void {
  // In memory there is none that was ever elsewhere.
  const library = database.memory ? null : dirname(database.name);
  const add = (name: string, act: (...values: string[]) => string | null) => {
    database.function(name, { varargs: true }, (...values: unknown[]) => act(...values.map(String)));
  };
  database.function('name_key_of', { deterministic: true }, (name) => nameKey(String(name)));
  add('former_library', (path = '', part = '', name = '') => formerLibrary(path, part, name));
  add('former_library_of_model', (path = '') => formerLibraryOfModel(path));
  add('former_library_of_upload', (path = '') =>
    library === null ? null : formerLibraryOfUpload(library, path),
  );
  add('path_from_former', (path = '', folders = '[]', own = '0') =>
    library === null ? path : pathFromFormer(library, path, JSON.parse(folders) as string[], own === '1'),
  );
}
