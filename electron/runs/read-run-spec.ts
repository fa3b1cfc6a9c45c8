import { readFile } from 'node:fs/promises';
import { basename, dirname, join, parse, resolve } from 'node:path';

import { Failure, messageOf } from '../../native/failure.ts';
import { obstacleOf, systemCode } from '../../native/files/obstacle.ts';
import { applyOverride, type Override, parseJsonText, validateRunSpec } from '../contract/parse-run-spec.ts';
import type { RunSpec } from '../contract/run-spec.ts';
import { withSwept } from '../contract/sweep.ts';
import { fileNameOf } from '../library/file-name.ts';

/** A spec whose paths are absolute and whose name and folder are settled. */
export type ResolvedRunSpec = RunSpec & { readonly name: string; readonly folder: string };

/** Reads the run file, lays the overrides over it and validates the whole. */
/** @param swept values that are tried, over all others */
export async function readRunSpec(
  file: string,
  overrides: readonly Override[],
  swept: readonly Override[] = [],
): Promise<ResolvedRunSpec> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    const { reason, hint } = obstacleOf(error) ?? {
      reason: messageOf(error),
      hint: 'Check that its drive is in order, and try again.',
    };
    const help = ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(systemCode(error))
      ? 'Check its path, or describe the run with --base and --data.'
      : hint;
    throw new Failure('run-spec-unreadable', `The run file ${file} cannot be read: ${reason}`, help, error);
  });
  const value = withSwept(overrides.reduce(applyOverride, parseJsonText(text, file)) as object, swept);
  return resolveRunSpec(validateRunSpec(value, file), dirname(resolve(file)), parse(file).name);
}

/** What flags alone say of a run, as a run file would. */
export function writtenByFlags(overrides: readonly Override[], swept: readonly Override[] = []): unknown {
  return withSwept(overrides.reduce<unknown>(applyOverride, {}) as object, swept);
}

/** A spec made of flags alone. */
export function runSpecOfFlags(
  overrides: readonly Override[],
  workingFolder: string,
  swept: readonly Override[] = [],
): ResolvedRunSpec {
  const written = writtenByFlags(overrides, swept);
  requireFlags(written);
  const spec = validateRunSpec(written, 'The command line');
  return resolveRunSpec(spec, workingFolder, basename(resolve(workingFolder, spec.data.folder)));
}

/** What every run needs, and the flags that say it, told together. Throws `run-spec-incomplete`. */
function requireFlags(written: unknown): void {
  const { base, data } = written as {
    readonly base?: unknown;
    readonly data?: { readonly folder?: unknown };
  };
  const missing = [
    ...(base === undefined ? ['--base <model>, the model to start from'] : []),
    ...(data?.folder === undefined ? ['--data <folder>, the folder of images'] : []),
  ];
  if (missing.length === 0) return;
  throw new Failure(
    'run-spec-incomplete',
    'There is nothing to train yet: a run needs a model and images.',
    `Add ${missing.join(', and ')}. A run file says all of it at once: docs/run-file.md.`,
  );
}

/** Makes paths absolute, as seen from `from`, and names what has no name. */
export function resolveRunSpec(spec: RunSpec, from: string, defaultName: string): ResolvedRunSpec {
  const absolute = (file: string) => resolve(from, file);
  const name = spec.name ?? defaultName;
  return {
    ...spec,
    name,
    base: absolute(spec.base),
    ...(spec.method.kind === 'lora' &&
      spec.method.from !== undefined && { method: { ...spec.method, from: absolute(spec.method.from) } }),
    data: { ...spec.data, folder: absolute(spec.data.folder) },
    ...(spec.samples.embeddings && {
      samples: {
        ...spec.samples,
        embeddings: spec.samples.embeddings.map((use) => ({ ...use, file: absolute(use.file) })),
      },
    }),
    ...(spec.prior?.folder !== undefined && {
      prior: { ...spec.prior, folder: absolute(spec.prior.folder) },
    }),
    folder: absolute(spec.folder ?? join('runs', fileNameOf(name))),
    ...(spec.cacheFolder === undefined ? {} : { cacheFolder: absolute(spec.cacheFolder) }),
  };
}
