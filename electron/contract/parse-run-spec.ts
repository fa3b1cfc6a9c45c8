import { Failure, messageOf } from '../../native/failure.ts';
import { explainIssues } from './explain-issues.ts';
import { type RunSpec, runSpecSchema } from './run-spec.ts';
import { withWordDefaults } from './word-spec.ts';

/** Where a spec comes from, for messages: a file's path, or `the command line`. */
export type SpecSource = string;

/**
 * A run spec of the JSON text of `source`. Throws `run-spec-syntax` with line and column where it is no JSON.
 */
export function parseJsonText(text: string, source: SpecSource): unknown {
  // Windows editors put a byte order mark in front, which JSON.parse refuses.
  const json = text.replace(/^\uFEFF/, '');
  try {
    return JSON.parse(json);
  } catch (error) {
    const message = messageOf(error);
    const position = /position (\d+)/.exec(message)?.[1];
    const where = position === undefined ? '' : ` at ${lineAndColumn(json, Number(position))}`;
    throw new Failure(
      'run-spec-syntax',
      `${source} is not valid JSON${where}: ${message}`,
      'JSON needs double quotes around every key and text and commas between entries, and has no comments.',
      error,
    );
  }
}

function lineAndColumn(text: string, position: number): string {
  const lines = text.slice(0, position).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`;
}

/** Checks a value against the schema and fills in defaults. Throws `run-spec-invalid` naming every fault. */
export function validateRunSpec(value: unknown, source: SpecSource): RunSpec {
  const parsed = runSpecSchema.safeParse(withWordDefaults(value));
  if (parsed.success) return parsed.data;
  const faults = explainIssues(parsed.error.issues, value, runSpecSchema);
  throw new Failure(
    'run-spec-invalid',
    `${source} does not describe a run:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    `Correct ${faults.length === 1 ? 'it' : 'these'} and try again; docs/run-file.md lists every key with its default.`,
    parsed.error,
  );
}

/** One `--set train.learningRate=1e-4`: a dotted path and a value, JSON where it reads as JSON, else text. */
export interface Override {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** Throws `override-invalid` where there is no `=` or no path. */
export function parseOverride(argument: string): Override {
  const equals = argument.indexOf('=');
  const path = argument.slice(0, Math.max(0, equals)).split('.');
  if (equals < 1 || path.some((key) => key === '')) {
    throw new Failure(
      'override-invalid',
      `--set ${argument} does not set anything.`,
      'Write a key of the run file, "=" and a value: --set train.learningRate=1e-4',
    );
  }
  return { path, value: parseJsonValue(argument.slice(equals + 1)) };
}

/** JSON where it reads as JSON, else text. */
export function parseJsonValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** A copy of `value` with the override in it; objects on the way are made where they are missing. */
export function applyOverride(value: unknown, { path, value: replacement }: Override): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return replacement;
  const object = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  const inner = Object.hasOwn(object, key) ? (object as Record<string, unknown>)[key] : undefined;
  // Through entries, so that a key such as `__proto__` is a key and nothing more.
  return Object.fromEntries([
    ...Object.entries(object).filter(([name]) => name !== key),
    [key, applyOverride(inner, { path: rest, value: replacement })],
  ]);
}
