import { Loader, Text } from '@mantine/core';
import type { CSSProperties, PointerEvent } from 'react';

import { learnedText } from '../../../electron/contract/learned.ts';
import { failureText } from '../../../electron/contract/values.ts';
import { useStudioQuery } from '../../studio/studio.tsx';
import type { ComparedRun } from './book.ts';
import { curvePath, epochFigures, type FigureCurve, isNoneHeldOut } from './epoch-figures.ts';
import { epochAt } from './epoch-ruler.ts';
import classes from './figures-panel.module.css';
import { epochText } from './labels.ts';

/** What numbers say of a run's epochs, as small curves over the same epochs as the ruler below. */
export function FiguresPanel({
  run,
  epochs,
  epoch,
  waiting,
  onEpoch,
}: {
  run: ComparedRun;
  epochs: readonly number[];
  epoch: number;
  /** Pictures of the run are still to come. */
  waiting: boolean;
  onEpoch: (epoch: number) => void;
}) {
  const { data: likeness, isPlaceholderData } = useStudioQuery(
    'gallery.likeness',
    { runId: run.id },
    { keepPrevious: true },
  );
  const former = waiting || isPlaceholderData || (likeness !== undefined && likeness.state !== 'ready');
  const all = epochFigures(run, likeness);
  const noneHeldOut = isNoneHeldOut(run, likeness);
  const curves = noneHeldOut ? all.filter(({ needsHeldOut }) => needsHeldOut !== true) : all;
  const learned = curves.find((curve) => curve.learned != null)?.learned ?? null;
  return (
    <section className={`${classes.panel} fades`} aria-label={`Figures of ${run.name}`}>
      {noneHeldOut && (
        <Text size="xs" className={classes.about}>
          Nothing was held out, so only your eyes can tell. Hold out a few images before the next run.
        </Text>
      )}
      {learned !== null && (
        <Text size="xs" className={classes.about}>
          {learnedText(learned)}
        </Text>
      )}
      {curves.map((curve) => (
        <Curve
          key={curve.name}
          {...{ curve, epochs, epoch, onEpoch }}
          former={former && curve.ofPictures === true}
        />
      ))}
      <Text size="xs" c="dimmed" className={classes.about}>
        {likeness?.state === 'working' && (
          <>
            <Loader size={10} aria-hidden /> Pictures are being compared…{' '}
          </>
        )}
        {likeness?.failure && `${failureText(likeness.failure)} `}
        EfficientNet-Lite0 compares pictures. Its ranges and shaded bands are 95 % confidence intervals: the
        fewer the pictures, the wider.
      </Text>
    </section>
  );
}

function Curve({
  curve,
  epochs,
  epoch,
  former,
  onEpoch,
}: {
  curve: FigureCurve;
  epochs: readonly number[];
  epoch: number;
  /** Of the pictures that there were before those which are made or compared now. */
  former: boolean;
  onEpoch: (epoch: number) => void;
}) {
  const here = curve.points.find((point) => point.epoch === epoch);
  const span = [epochs[0] ?? 0, epochs.at(-1) ?? 0] as const;
  const isShown = (point: { readonly epoch: number }) => point.epoch >= span[0] && point.epoch <= span[1];
  const shown = curve.points.filter(isShown);
  const choose = (event: PointerEvent<SVGSVGElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    if (width > 0) onEpoch(epochAt(epochs, (event.clientX - left) / width));
  };
  const kept = shown.filter(({ between }) => between !== true);
  const summary = kept.map((point) => `${epochText(point.epoch)}: ${point.text}`).join('; ');
  return (
    <figure className={classes.curve} data-former={(former && shown.length > 0) || undefined}>
      <figcaption className={classes.name} title={curve.meaning}>
        <span>
          {curve.name}
          {former && shown.length > 0 && <span className={classes.former}>, of the pictures before</span>}
        </span>
        <span className={`${classes.value} figures`}>{here?.text ?? '–'}</span>
      </figcaption>
      {curve.lacks === null && shown.length > 0 ? (
        <Drawing
          {...{ curve, shown, span, epoch }}
          beside={curve.beside?.filter(isShown) ?? []}
          label={`${curve.name}. ${summary}${curve.level ? `; ${curve.level.name}: ${curve.level.text}` : ''}`}
          onChoose={choose}
        />
      ) : (
        <p className={classes.lacks}>{curve.lacks ?? 'Not measured at these epochs.'}</p>
      )}
      <p className={classes.meaning}>{curve.meaning}</p>
    </figure>
  );
}

/** Around the epochs that are as good as the best, so that a single one is seen, too. */
const margin = 0.012;

function Drawing({
  curve,
  shown,
  beside,
  span,
  epoch,
  label,
  onChoose,
}: {
  curve: FigureCurve;
  shown: FigureCurve['points'];
  beside: FigureCurve['points'];
  span: readonly [number, number];
  epoch: number;
  label: string;
  onChoose: (event: PointerEvent<SVGSVGElement>) => void;
}) {
  const { counts, scale } = curve;
  const path = curvePath(shown, span, { counts, beside, level: curve.level?.value, scale });
  const { line, beside: second, band, dots, beyond, x, level } = path;
  const { best, range } = curve.learned ?? { best: null, range: null };
  const lowest = dots[shown.findIndex((point) => point.epoch === best)];
  const within = (at: number) => Math.min(1, Math.max(0, at));
  return (
    <div className={classes.drawn}>
      <svg
        className={classes.drawing}
        viewBox="0 0 1 1"
        preserveAspectRatio="none"
        role="img"
        aria-label={label}
        onPointerDown={onChoose}
      >
        {range !== null && (
          <rect
            className={classes.asGood}
            x={within(x(range.from) - margin)}
            width={within(x(range.to) + margin) - within(x(range.from) - margin)}
            y={0}
            height={1}
          />
        )}
        {/* What is beyond the scale is cut off here; dots at its ends are not. */}
        <svg width={1} height={1} viewBox="0 0 1 1" preserveAspectRatio="none" overflow="hidden">
          <polygon className={classes.band} points={band} />
          <polyline className={classes.beside} points={second} />
          <polyline className={classes.line} points={line} />
        </svg>
        {level !== null && <line className={classes.level} x1={0} x2={1} y1={level} y2={level} />}
        <line className={classes.here} x1={x(epoch)} x2={x(epoch)} y1={0} y2={1} />
        {dots.map(([left, top], index) =>
          shown[index]!.between === true || top < 0 || top > 1 ? null : (
            <line key={left} className={classes.dot} x1={left} x2={left} y1={top} y2={top} />
          ),
        )}
        {lowest && (
          <line className={classes.lowest} x1={lowest[0]} x2={lowest[0]} y1={lowest[1]} y2={lowest[1]} />
        )}
      </svg>
      {(['line', 'beside'] as const).map((of) =>
        beyond[of].map(({ at, above }) => (
          <span
            key={`${of} ${at}`}
            className={classes.beyond}
            style={{ '--at': at } as CSSProperties}
            data-of={of}
            data-above={above || undefined}
            aria-hidden
          />
        )),
      )}
      {level !== null && (
        <span
          className={classes.levelName}
          style={{ '--level': level } as CSSProperties}
          data-below={level < 0.4 || undefined}
          aria-hidden
        >
          {curve.level!.name}
        </span>
      )}
    </div>
  );
}
