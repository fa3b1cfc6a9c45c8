import { readRun, type Run } from './run-folder.ts';

/** Reads runs by folder, and keeps the last few: a run of a large data set has a large file, and it never changes. */
export function createRunReader(keep = 8): (folder: string) => Promise<Run> {
  const read = new Map<string, Promise<Run>>();
  return (folder) => {
    const known = read.get(folder);
    const run = known ?? readRun(folder);
    read.delete(folder);
    read.set(folder, run);
    if (known === undefined) {
      run.catch(() => read.delete(folder));
      const [oldest] = read.keys();
      if (read.size > keep && oldest !== undefined) read.delete(oldest);
    }
    return run;
  };
}
