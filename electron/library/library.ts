import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { Publish } from '../contract/api.ts';
import { type LibraryDatabase, libraryFailure, openDatabase } from './database.ts';
import { databaseName } from './path-inside.ts';

/** Everything Screenfold keeps for a person, in one folder. Original images are referenced, never copied or changed. */
export interface Library {
  readonly folder: string;
  readonly database: LibraryDatabase;
  readonly paths: {
    readonly thumbnails: string;
    readonly cache: string;
    readonly runs: string;
    readonly models: string;
    /** Those that a browser sent; others are read where they lie. */
    readonly loras: string;
    readonly exports: string;
    /** Of the prompt bench; a run's lie in its folder. */
    readonly pictures: string;
    /** What a browser sent. */
    readonly uploads: string;
    /** Files of the web, whole and in part. */
    readonly downloads: string;
    readonly logs: string;
  };
  close(): void;
}

export function openLibrary(folder: string): Library {
  const root = resolve(folder);
  const paths = {
    thumbnails: join(root, 'thumbnails'),
    cache: join(root, 'cache'),
    runs: join(root, 'runs'),
    models: join(root, 'models'),
    loras: join(root, 'loras'),
    exports: join(root, 'exports'),
    pictures: join(root, 'pictures'),
    uploads: join(root, 'uploads'),
    downloads: join(root, 'downloads'),
    logs: join(root, 'logs'),
  };
  try {
    for (const path of Object.values(paths)) mkdirSync(path, { recursive: true });
  } catch (error) {
    throw libraryFailure(root, error) ?? error;
  }
  const database = openDatabase(join(root, databaseName));
  return {
    folder: root,
    database,
    paths,
    close: () => {
      database.close();
    },
  };
}

/** What a person would want in a log when something went wrong. */
export interface Log {
  info(message: string, detail?: unknown): void;
  warn(message: string, detail?: unknown): void;
  error(message: string, detail?: unknown): void;
}

/** What every domain is given. */
export interface DomainContext {
  readonly library: Library;
  readonly publish: Publish;
  readonly log: Log;
  /** Milliseconds since 1970, as the machine's clock says, which may be set: for when something was. */
  readonly now: () => number;
  /** Milliseconds of a clock that nobody sets: for how long something took. Left out: this process's. */
  readonly steady?: () => number;
}
