import { existsSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

import type { TrainJob } from '../../native/jobs.ts';
import { formerLibrary, pathFromFormer } from '../library/former-paths.ts';
import { databaseName, pathInside } from '../library/path-inside.ts';
import type { ResolvedRunSpec } from './read-run-spec.ts';

interface Paths<Spec extends ResolvedRunSpec> {
  readonly spec: Spec;
  readonly job: TrainJob;
}

/**
 * A run of a library as its file has it: what lies in the same library is named from the run's folder on, so that the
 * library may be moved or copied. Runs that lie elsewhere are left as they are.
 */
export function pathsToWrite<Spec extends ResolvedRunSpec>(
  folder: string,
  { spec, job }: Paths<Spec>,
): Paths<Spec> {
  const library = libraryOf(folder);
  if (library === null) return { spec, job };
  const named = (path: string): string =>
    isAbsolute(path) && pathInside(library, path) !== null
      ? relative(folder, path).replaceAll(sep, '/')
      : path;
  const written = mapPaths({ spec, job }, named);
  return { ...written, job: withLora(written.job, named) };
}

/**
 * The other way round. Files once had all paths in full: where the library has been moved or copied since, what is found
 * in it is taken from there. The folder is where it lies now.
 */
export function pathsAsRead<Spec extends ResolvedRunSpec>(
  folder: string,
  { spec, job }: Paths<Spec>,
): Paths<Spec> {
  const library = libraryOf(folder);
  const former = library === null ? null : formerLibrary(job.folder, 'runs', basename(folder));
  const found = (path: string): string => {
    if (path.startsWith('../')) return resolve(folder, path);
    if (library === null || former === null) return path;
    const inside = pathFromFormer(library, path, [former], false);
    return inside === path ? path : join(library, inside);
  };
  const read = mapPaths({ spec, job }, found);
  return { spec: { ...read.spec, folder }, job: { ...withLora(read.job, found), folder } };
}

function mapPaths<Spec extends ResolvedRunSpec>(
  { spec, job }: Paths<Spec>,
  map: (path: string) => string,
): Paths<Spec> {
  const images = (list: TrainJob['images']) =>
    list.map((image) => ({
      ...image,
      path: map(image.path),
      ...(image.mask !== undefined && { mask: map(image.mask) }),
    }));
  const { prior } = job;
  return {
    spec: {
      ...spec,
      base: map(spec.base),
      method: mapMethod(spec.method, map),
      data: { ...spec.data, folder: map(spec.data.folder) },
      ...(spec.prior?.folder !== undefined && {
        prior: { ...spec.prior, folder: map(spec.prior.folder) },
      }),
      samples: {
        ...spec.samples,
        ...(spec.samples.embeddings && {
          embeddings: spec.samples.embeddings.map((use) => ({ ...use, file: map(use.file) })),
        }),
      },
      ...(spec.cacheFolder === undefined ? {} : { cacheFolder: map(spec.cacheFolder) }),
    },
    job: {
      ...job,
      cacheFolder: map(job.cacheFolder),
      base: map(job.base),
      images: images(job.images),
      validation: images(job.validation),
      ...(prior && { prior: { ...prior, images: images(prior.images) } }),
    },
  };
}

/** A job with the LoRA that it begins with put through `map`. What its states are known by stays as it was planned. */
function withLora({ loraWas, ...job }: TrainJob, map: (path: string) => string): TrainJob {
  if (job.method.kind !== 'lora' || job.method.from === undefined) return job;
  const [planned, from] = [loraWas ?? job.method.from, map(job.method.from)];
  return { ...job, method: { ...job.method, from }, ...(from !== planned && { loraWas: planned }) };
}

/** The LoRA that a run begins with may lie in the library, too. */
function mapMethod<M extends { readonly kind: string; readonly from?: string | undefined }>(
  method: M,
  map: (path: string) => string,
): M {
  return method.from === undefined ? method : { ...method, from: map(method.from) };
}

/** The library whose run the folder is, as `runs/7` in it; null where it is of none. */
function libraryOf(folder: string): string | null {
  const library = dirname(dirname(folder));
  return basename(dirname(folder)) === 'runs' && existsSync(join(library, databaseName)) ? library : null;
}
