/** Held-out loss of an epoch, with the standard error of how far it is from the lowest where that is known. */
export interface JudgedLoss {
  readonly epoch: number;
  readonly loss: number;
  readonly error?: number | undefined;
}

/** Where nothing says how sure a difference is, none below this part of the loss is made to look large. */
const leastPart = 0.02;
const room = 0.06;

/**
 * From where to where held-out loss is drawn, so that one sees which epoch is lowest: around what was trained, but for epochs
 * far above the others (by Tukey's fence), as the first ones often are. These, the loss before training and whatever is drawn beside
 * it may lie beyond. The errors of all that is within are, too, so that noise never fills the drawing unsaid. Null for no loss.
 */
export function heldOutRange(judged: readonly JudgedLoss[]): readonly [number, number] | null {
  if (judged.length === 0) return null;
  const least = Math.min(...judged.map(({ loss }) => loss));
  const trained = judged.filter(({ epoch }) => epoch > 0);
  const fence = upperFence((trained.length > 0 ? trained : judged).map(({ loss }) => loss));
  const within = judged.filter(({ epoch, loss }) => loss === least || (epoch > 0 && loss <= fence));
  const low = Math.min(...within.map(({ loss, error = 0 }) => loss - error));
  const high = Math.max(...within.map(({ loss, error = 0 }) => loss + error), least * (1 + leastPart));
  const margin = (high - low || 1) * room;
  return [Math.max(0, low - margin), high + margin];
}

/** A part of a curve that lies above or below what is drawn, by its first and last point across. */
export interface Stretch {
  readonly above: boolean;
  readonly from: number;
  readonly to: number;
}

/** Where a curve goes on beyond a range, to be said at its edge. */
export function stretchesBeyond(
  points: readonly { readonly at: number; readonly value: number }[],
  [low, high]: readonly [number, number],
): readonly Stretch[] {
  const stretches: Stretch[] = [];
  let open = false;
  for (const { at, value } of points) {
    const above = value > high;
    if (!above && value >= low) {
      open = false;
      continue;
    }
    const last = open ? stretches.at(-1) : undefined;
    if (last?.above === above) stretches[stretches.length - 1] = { ...last, to: at };
    else stretches.push({ above, from: at, to: at });
    open = true;
  }
  return stretches;
}

/** How a drawing of held-out loss is read, as far as it has what wants to be told. */
export function heldOutNote({
  beside,
  errors,
  beyond,
}: {
  /** The loss of training images is there, too. */
  readonly beside: boolean;
  /** How sure its points are is drawn around them. */
  readonly errors: boolean;
  /** A curve goes on beyond the scale. */
  readonly beyond: boolean;
}): string {
  return [
    ...(beside ? ['Dashed: the same on training images.'] : []),
    ...(errors
      ? ['Shaded: how much of its distance from the lowest may be chance (one standard error).']
      : []),
    ...(beyond ? ['▲▼: goes on outside.'] : []),
  ].join(' ');
}

/** Above it a value is an outlier: one and a half times the distance of the quartiles over the upper one. */
function upperFence(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const lower = quantile(sorted, 0.25);
  const upper = quantile(sorted, 0.75);
  return upper + 1.5 * (upper - lower);
}

function quantile(sorted: readonly number[], part: number): number {
  const at = part * (sorted.length - 1);
  const [before, after] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return before + (after - before) * (at - Math.floor(at));
}
