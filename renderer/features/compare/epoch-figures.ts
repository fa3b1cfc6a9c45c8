import { type Learned, whatWasLearned } from '../../../electron/contract/learned.ts';
import type { Likeness, LikenessFigure } from '../../../electron/contract/likeness.ts';
import { heldOutNote, heldOutRange, stretchesBeyond } from '../../components/held-out-range.ts';
import { countOf } from '../../components/quantities.ts';
import type { ComparedRun } from './book.ts';

/** One point of a small curve: the figure of an epoch, with how sure it is where that is known. */
export interface EpochFigure {
  readonly epoch: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly text: string;
  /** No checkpoint is of it: it belongs to the line and cannot be chosen. */
  readonly between?: true;
}

/** A small curve over the epochs, and what it says in words. */
export interface FigureCurve {
  readonly name: string;
  readonly meaning: string;
  readonly points: readonly EpochFigure[];
  /** Counts are drawn from 0, everything else from its own lowest. */
  readonly counts?: boolean;
  /** What the curve is held against, drawn as a second line. */
  readonly beside?: readonly EpochFigure[];
  /** From where to where it is drawn; left out: so that all of it is seen. */
  readonly scale?: readonly [number, number] | null;
  /** A value that the curve is held against at every epoch, drawn as a thin line with its name. */
  readonly level?: { readonly value: number; readonly name: string; readonly text: string } | null;
  /** Which epochs are best, to be marked and never chosen for anybody. */
  readonly learned?: Learned | null;
  /** Found by comparing the run's pictures, and out of date while new ones come. */
  readonly ofPictures?: boolean;
  /** Says nothing where no image was held out. */
  readonly needsHeldOut?: boolean;
  /** Why there is none. */
  readonly lacks: string | null;
}

const inWords = (value: number, digits: number) => value.toFixed(digits);

/** What numbers say of the epochs of a run: what was learned, how near it comes to what is real, and what is a copy. */
export function epochFigures(run: ComparedRun, likeness: Likeness | undefined): readonly FigureCurve[] {
  const epochs = likeness?.epochs ?? [];
  const heldOut = likeness?.heldOut ?? 0;
  // Of pictures that are not compared yet nothing is known, least of all that there are too few.
  const isPending = likeness === undefined || likeness.state === 'working';
  const tooFew = isPending
    ? pending
    : heldOut < fewestHeldOut
      ? `Needs at least ${fewestHeldOut} held-out images; there ${heldOut === 1 ? 'is' : 'are'} ${heldOut}.`
      : `Needs at least ${fewestHeldOut} pictures of each epoch.`;
  return [
    heldOutLoss(run),
    {
      name: 'Distance from the held-out images',
      ofPictures: true,
      needsHeldOut: true,
      meaning: `How far the pictures, as a group, are from the ${countOf(heldOut, 'held-out image')} (kernel distance). 0 means alike.${realText(likeness)}`,
      level: realLevel(likeness),
      points: epochs.flatMap(({ epoch, distance }) =>
        distance === null ? [] : [distanceFigure(epoch, distance)],
      ),
      lacks: epochs.some(({ distance }) => distance !== null) ? null : tooFew,
    },
    {
      name: 'Prompt followed',
      ofPictures: true,
      needsHeldOut: true,
      meaning:
        'Of pictures made from the captions of held-out images: how often one is closer to its own image than to another. 1 is always, 0.5 is chance.',
      points: epochs.flatMap(({ epoch, rank }) => (rank === null ? [] : [unsure(epoch, rank, 2)])),
      lacks: epochs.some(({ rank }) => rank !== null)
        ? null
        : isPending || heldOut < fewestHeldOut
          ? tooFew
          : 'No prompt is the caption of a held-out image.',
    },
    {
      name: 'Likely copies',
      ofPictures: true,
      meaning:
        'Pictures that come closer to a training image than training images usually come to each other, and at least twice as close as the base’s picture.',
      points: epochs.flatMap(({ epoch, copies, pictures }) =>
        epoch === 0
          ? []
          : [{ epoch, value: copies, low: copies, high: copies, text: `${copies} of ${pictures}` }],
      ),
      counts: true,
      lacks: epochs.length > 0 ? null : isPending ? pending : 'Nothing is compared yet.',
    },
  ];
}

/** Whether three of the four figures lack one and the same thing, which is then said once. */
export function isNoneHeldOut({ losses }: ComparedRun, likeness: Likeness | undefined): boolean {
  return (
    likeness !== undefined &&
    likeness.state !== 'working' &&
    likeness.heldOut === 0 &&
    losses.every(({ validationLoss }) => validationLoss === null)
  );
}

/** Of all epochs, for the lowest may be one that was not kept. */
function heldOutLoss({ epochs, losses }: ComparedRun): FigureCurve {
  const learned = whatWasLearned(losses, epochs);
  const beside = losses.flatMap(({ epoch, seenLoss }) =>
    seenLoss == null ? [] : [exact(epoch, seenLoss, 4)],
  );
  const judged = losses.flatMap(({ epoch, validationLoss: loss }) =>
    loss === null ? [] : [{ epoch, loss, error: learned?.errors.get(epoch) }],
  );
  const seen = new Map(beside.map(({ epoch, text }) => [epoch, text]));
  const points = judged.map(({ epoch, loss, error = 0 }): EpochFigure => {
    const text = inWords(loss, 4);
    const trained = seen.get(epoch);
    return {
      ...{ epoch, value: loss, low: loss - error, high: loss + error },
      text: trained === undefined ? text : `${text}, trained ${trained}`,
      ...(!epochs.includes(epoch) && { between: true }),
    };
  });
  const scale = heldOutRange(judged);
  const isBeyond = (one: readonly EpochFigure[]) =>
    scale !== null && one.some(({ value }) => value < scale[0] || value > scale[1]);
  const note = heldOutNote({
    beside: beside.length > 0,
    errors: judged.some(({ error }) => error !== undefined),
    beyond: isBeyond(points) || isBeyond(beside),
  });
  return {
    name: 'Held-out loss',
    needsHeldOut: true,
    meaning: `The error on images that were not trained on. Lower is better. ${note}`.trim(),
    ...{ points, beside, learned, scale },
    lacks: points.length > 0 ? null : 'No image is held out.',
  };
}

/** What is said of real pictures by fewer than this is unsure, whatever its interval. */
const fewReal = 20;

function realLevel(likeness: Likeness | undefined): NonNullable<FigureCurve['level']> | null {
  if (likeness?.real == null) return null;
  const { value, text } = distanceFigure(0, likeness.real.distance);
  return { value, name: 'real images among themselves', text };
}

/** How near pictures could come, and by how many real ones that is known. */
function realText(likeness: Likeness | undefined): string {
  if (likeness?.real == null) return '';
  const { heldOut, real } = likeness;
  const { text } = distanceFigure(0, real.distance);
  const atOnce = real.atOnce < real.images ? `, ${real.atOnce} at a time` : '';
  const unsure = Math.min(heldOut, real.images) < fewReal ? ' With so few images this is rough.' : '';
  return ` Thin line: how far real images are, by ${countOf(real.images, 'training image')}${atOnce}: ${text}.${unsure}`;
}

const fewestHeldOut = 4;
const pending = 'Being compared…';

const exact = (epoch: number, value: number, digits: number): EpochFigure => ({
  ...{ epoch, value, low: value, high: value },
  text: inWords(value, digits),
});

const unsure = (
  epoch: number,
  { value, low, high }: { readonly value: number; readonly low: number; readonly high: number },
  digits: number,
): EpochFigure => ({
  ...{ epoch, value, low, high },
  text: `${inWords(value, digits)} (${inWords(low, digits)} to ${inWords(high, digits)})`,
});

/** An estimate of a distance may fall below 0, which says no more than that it is small. */
function distanceFigure(epoch: number, figure: LikenessFigure): EpochFigure {
  const cut = (one: number) => Math.max(0, one);
  const [value, low, high] = [cut(figure.value), cut(figure.low), cut(figure.high)];
  const isNone = (one: number) => Number(inWords(one, 3)) === 0;
  if (!isNone(value)) return unsure(epoch, { value, low, high }, 3);
  const text = isNone(high) ? 'about 0' : `about 0 (up to ${inWords(high, 3)})`;
  return { epoch, value, low, high, text };
}

/** The curve in a box of 1 by 1, from the left above: the line, the one beside it, the band around it and the level. */
export function curvePath(
  points: readonly EpochFigure[],
  [first, last]: readonly [number, number],
  { counts = false, beside = [], level = null, scale = null }: CurveScale = {},
): CurvePath {
  const all = [...points, ...beside, ...(level === null ? [] : [{ low: level, high: level }])];
  const lowest = counts ? 0 : Math.min(...all.map((point) => point.low));
  const highest = Math.max(...all.map((point) => point.high), counts ? 1 : lowest);
  const [low, high] = scale ?? [lowest, highest];
  const x = (epoch: number) => (last === first ? 0.5 : (epoch - first) / (last - first));
  const y = (value: number) => (high === low ? 0.5 : 1 - (value - low) / (high - low));
  const place = (epoch: number, value: number) => `${x(epoch).toFixed(4)},${y(value).toFixed(4)}`;
  const lineOf = (one: readonly EpochFigure[]) =>
    one.map(({ epoch, value }) => place(epoch, value)).join(' ');
  const beyondOf = (one: readonly EpochFigure[]) =>
    stretchesBeyond(
      one.map(({ epoch, value }) => ({ at: x(epoch), value })),
      [low, high],
    ).map(({ above, from, to }) => ({ above, at: (from + to) / 2 }));
  return {
    line: lineOf(points),
    beside: lineOf(beside),
    band: [
      ...points.map((point) => place(point.epoch, point.high)),
      ...points.map((point) => place(point.epoch, point.low)).reverse(),
    ].join(' '),
    dots: points.map(({ epoch, value }) => [x(epoch), y(value)] as const),
    beyond: { line: beyondOf(points), beside: beyondOf(beside) },
    level: level === null ? null : y(level),
    x,
  };
}

interface CurveScale {
  readonly counts?: boolean | undefined;
  readonly beside?: readonly EpochFigure[];
  readonly level?: number | null | undefined;
  /** From where to where; left out: that all of it is seen. */
  readonly scale?: readonly [number, number] | null | undefined;
}

interface CurvePath {
  readonly line: string;
  readonly beside: string;
  readonly band: string;
  readonly dots: readonly (readonly [number, number])[];
  /** Where the line, and the one beside it, go on above or below the drawing: the middle of each such stretch. */
  readonly beyond: Readonly<Record<'line' | 'beside', readonly Beyond[]>>;
  /** How far down the line of a level is. */
  readonly level: number | null;
  /** Where an epoch stands across. */
  readonly x: (epoch: number) => number;
}

interface Beyond {
  readonly at: number;
  readonly above: boolean;
}
