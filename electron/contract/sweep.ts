import { z } from 'zod';

import { Failure } from '../../native/failure.ts';
import { applyOverride, type Override, parseJsonValue } from './parse-run-spec.ts';
import { settingNumberText } from './quantities.ts';

/** Settings that the page offers to try several values of, by their keys in a run file. */
export const sweptSettings = [
  { path: 'train.learningRate', label: 'Learning rate', short: 'rate' },
  { path: 'method.rank', label: 'Rank', short: 'rank' },
  { path: 'method.alpha', label: 'LoRA alpha', short: 'alpha' },
  { path: 'train.epochs', label: 'Epochs', short: 'epochs' },
  { path: 'train.batchSize', label: 'Batch size', short: 'batch' },
  { path: 'train.minSnrGamma', label: 'Min-SNR γ', short: 'min-SNR' },
  { path: 'train.noiseOffset', label: 'Noise offset', short: 'noise offset' },
  { path: 'train.captionDropout', label: 'Caption dropout', short: 'caption dropout' },
  { path: 'train.emaDecay', label: 'EMA decay', short: 'EMA' },
  { path: 'train.seed', label: 'Training seed', short: 'seed' },
  { path: 'train.optimizer.kind', label: 'Optimizer', short: 'optimizer' },
  { path: 'train.schedule', label: 'Schedule', short: 'schedule' },
  { path: 'train.loss.kind', label: 'Loss', short: 'loss' },
  { path: 'method.kind', label: 'Method', short: 'method' },
] as const;

/** More than anybody waits for. */
export const mostSweptRuns = 50;

/** Of all that one request starts: bases, captions and shares count, too. */
export const mostRunsAtOnce = 200;

/** A list of values for each setting that is tried: every combination is a run. */
export const sweepSchema = z
  .array(
    z.strictObject({
      /** As in a run file: `train.learningRate`. */
      path: z
        .string()
        .max(100)
        .regex(/^(?:train|method)(?:\.[A-Za-z0-9]+)+$/, 'must be a key of train or method'),
      values: z
        .array(z.union([z.number().min(-1e12).max(1e12), z.string().max(100), z.boolean()]))
        .min(1)
        .max(20),
    }),
  )
  .max(5)
  .refine(
    (settings) => new Set(settings.map(({ path }) => path)).size === settings.length,
    'names a setting twice',
  )
  .refine(
    (settings) => settings.reduce((count, { values }) => count * values.length, 1) <= mostSweptRuns,
    `comes to more than ${mostSweptRuns} runs`,
  );
export type Sweep = z.output<typeof sweepSchema>;

/**
 * One `--sweep train.learningRate=1e-4,2e-4`: a key of the run file and values with commas between them.
 *
 * @throws Failure `sweep-invalid`
 */
export function parseSwept(argument: string): Sweep[number] {
  const equals = argument.indexOf('=');
  const values = argument
    .slice(equals + 1)
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map(parseJsonValue);
  return checkedSweep([{ path: argument.slice(0, Math.max(0, equals)).trim(), values }], argument)[0]!;
}

/**
 * Settings and their values as several flags name them; one that comes again gets the later values.
 *
 * @throws Failure `sweep-invalid` where there are too many
 */
export function checkedSweep(sweep: readonly { path: string; values: unknown }[], said?: string): Sweep {
  const byPath = new Map(sweep.map((swept) => [swept.path, swept]));
  const parsed = sweepSchema.safeParse([...byPath.values()]);
  if (parsed.success) return parsed.data;
  throw new Failure(
    'sweep-invalid',
    said === undefined
      ? `What is to be tried ${parsed.error.issues[0]!.message}.`
      : `--sweep ${said} does not say what to try.`,
    'Write a key of train or method, "=" and values with commas between them: --sweep train.learningRate=1e-4,2e-4',
    parsed.error,
  );
}

/** Every combination, the last setting's values next to each other; one of nothing without settings. */
export function sweptOverrides(sweep: Sweep): readonly (readonly Override[])[] {
  return sweep.reduce<readonly (readonly Override[])[]>(
    (all, { path, values }) =>
      all.flatMap((before) =>
        [...new Set(values)].map((value) => [...before, { path: path.split('.'), value }]),
      ),
    [[]],
  );
}

/** Which of the runs it is: `rate 0.0001, rank 8`; of settings with one value nothing. */
export function sweptText(overrides: readonly Override[], sweep: Sweep): string {
  return overrides
    .filter(({ path }) => new Set(sweep.find((own) => own.path === path.join('.'))?.values).size > 1)
    .map(({ path, value }) => {
      const key = path.join('.');
      const name = sweptSettings.find((setting) => setting.path === key)?.short ?? path.at(-1)!;
      return `${name} ${typeof value === 'number' ? settingNumberText(value) : String(value)}`;
    })
    .join(', ');
}

/** What has settings of its own for each kind. */
const usualKinds: Readonly<Record<string, string>> = {
  'method.kind': 'full',
  'train.optimizer.kind': 'adamw',
};

/**
 * Settings with the values of one run in them, unchecked. Another kind of method or optimizer has none of the settings that were the
 * other's, and the learning rate that is usual for it, unless these are tried as well.
 */
export function withSwept(settings: object, overrides: readonly Override[]): unknown {
  // Kinds first, so that what is tried of them stays.
  const kinds = overrides.filter(({ path }) => Object.hasOwn(usualKinds, path.join('.')));
  const others = overrides.filter((override) => !kinds.includes(override));
  return [...kinds.flatMap((kind) => ofOtherKind(settings, kind)), ...others].reduce<unknown>(
    (all, override) => applyOverride(all, override),
    settings,
  );
}

function ofOtherKind(settings: object, { path, value }: Override): readonly Override[] {
  const place = path.slice(0, -1);
  const now = place.reduce<unknown>(
    (inner, key) => (inner as Readonly<Record<string, unknown>> | undefined)?.[key],
    settings,
  );
  const { kind = usualKinds[path.join('.')] } = (now ?? {}) as { readonly kind?: unknown };
  if (kind === value) return [];
  return [
    { path: place, value: { kind: value } },
    { path: ['train', 'learningRate'], value: undefined },
  ];
}
