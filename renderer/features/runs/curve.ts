import type { Learned } from '../../../electron/contract/learned.ts';
import type { RunMetrics } from '../../../electron/contract/runs.ts';
import { heldOutRange } from '../../components/held-out-range.ts';

/** Columns of a chart over one axis: `epoch`, rising. Null where a curve has no point there. */
export interface LossCurves {
  readonly epoch: readonly number[];
  /** Of single steps, or means of a few where there are many. */
  readonly step: readonly (number | null)[];
  readonly smooth: readonly (number | null)[];
  readonly validation: readonly (number | null)[];
  /** One standard error below and above it, of how far it is from the lowest. */
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
  /** Of as many trained images, at the noise of the held-out ones. */
  readonly seen: readonly (number | null)[];
}

/** More than a screen is wide in pixels would only be drawn over one another. */
const chartPoints = 1500;

export function lossCurves(
  { steps, epochs }: RunMetrics,
  learned: Pick<Learned, 'errors'> | null,
): LossCurves {
  const { xs, ys } = thinned(steps.epoch, steps.loss, chartPoints);
  const smooth = smoothed(ys);
  const points = new Map<number, Point>();
  xs.forEach((x, i) => points.set(x, { ...noPoint, step: ys[i]!, smooth: smooth[i]! }));
  for (const { epoch, validationLoss, seenLoss = null } of epochs) {
    if (validationLoss === null) continue;
    const error = learned?.errors.get(epoch);
    points.set(epoch, {
      ...(points.get(epoch) ?? noPoint),
      ...{ validation: validationLoss, seen: seenLoss },
      ...(error !== undefined && { low: validationLoss - error, high: validationLoss + error }),
    });
  }
  const sorted = [...points].sort(([a], [b]) => a - b);
  const column = (name: keyof Point) => sorted.map(([, point]) => point[name]);
  return {
    epoch: sorted.map(([x]) => x),
    step: column('step'),
    smooth: column('smooth'),
    validation: column('validation'),
    low: column('low'),
    high: column('high'),
    seen: column('seen'),
  };
}

/** The rows of curves in which one of them has a point: what stands between its points would tear it. */
export function onlyWith(name: 'step' | 'validation', curves: LossCurves): LossCurves {
  const rows = curves.epoch.flatMap((_, index) => (curves[name][index] == null ? [] : [index]));
  const column = <T>(values: readonly T[]): readonly T[] => rows.map((index) => values[index]!);
  const { epoch, step, smooth, validation, low, high, seen } = curves;
  return {
    epoch: column(epoch),
    ...{ step: column(step), smooth: column(smooth), validation: column(validation) },
    ...{ low: column(low), high: column(high), seen: column(seen) },
  };
}

type Point = Readonly<Record<Exclude<keyof LossCurves, 'epoch'>, number | null>>;
const noPoint: Point = { step: null, smooth: null, validation: null, low: null, high: null, seen: null };

/** At most `limit` points, each the mean of as many neighbours; what is no number is left out. */
export function thinned(
  xs: readonly number[],
  ys: readonly number[],
  limit: number,
): { readonly xs: readonly number[]; readonly ys: readonly number[] } {
  const kept = xs.flatMap((x, i) => {
    const y = ys[i];
    return y !== undefined && Number.isFinite(x) && Number.isFinite(y) ? [{ x, y }] : [];
  });
  const size = Math.max(1, Math.ceil(kept.length / limit));
  const groups = Array.from({ length: Math.ceil(kept.length / size) }, (_, i) =>
    kept.slice(i * size, (i + 1) * size),
  );
  return {
    xs: groups.map((group) => mean(group.map(({ x }) => x))),
    ys: groups.map((group) => mean(group.map(({ y }) => y))),
  };
}

/**
 * An exponential average that halves over a thirtieth of the curve, freed of its start's weight: the losses of single
 * steps are mostly the timesteps that were drawn.
 */
export function smoothed(values: readonly number[]): readonly number[] {
  const keep = 0.5 ** (1 / Math.max(1, values.length / 30));
  let sum = 0;
  let weight = 0;
  return values.map((value) => {
    sum = keep * sum + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return sum / weight;
  });
}

/** From where to where training loss is drawn: a few outliers of single steps do not flatten all the rest. */
export function lossRange({ step, smooth }: Pick<LossCurves, 'step' | 'smooth'>): readonly [number, number] {
  const steps = numbers(step).sort((a, b) => a - b);
  const inner = steps.length === 0 ? [] : [quantile(steps, 0.03), quantile(steps, 0.97)];
  const all = [...inner, ...numbers(smooth)];
  if (all.length === 0) return [0, 1];
  const low = Math.min(...all);
  const high = Math.max(...all);
  const room = (high - low || high || 1) * 0.06;
  return [Math.max(0, low - room), high + room];
}

/** From where to where held-out loss is drawn; null where there is none. */
export function heldOutLossRange({
  epoch,
  validation,
  high,
}: Pick<LossCurves, 'epoch' | 'validation' | 'high'>): readonly [number, number] | null {
  return heldOutRange(
    epoch.flatMap((at, index) => {
      const loss = validation[index] ?? null;
      const top = high[index] ?? loss;
      return loss === null || top === null ? [] : [{ epoch: at, loss, error: top - loss }];
    }),
  );
}

const numbers = (values: readonly (number | null)[]) => values.filter((value) => value !== null);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const quantile = (sorted: readonly number[], part: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!;
