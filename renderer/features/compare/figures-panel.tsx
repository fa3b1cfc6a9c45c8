import { Loader, Text } from '@mantine/core';
import type { PointerEvent } from 'react';

import { useStudioQuery } from '../../studio/studio.tsx';
import type { ComparedRun } from './book.ts';
import { curvePath, epochFigures, type FigureCurve } from './epoch-figures.ts';
import { epochAt } from './epoch-ruler.ts';
import classes from './figures-panel.module.css';
import { epochText } from './labels.ts';

/** What numbers say of a run's epochs, as small curves over the same epochs as the ruler below. */
export function FiguresPanel({
  run,
  epochs,
  epoch,
  onEpoch,
}: {
  run: ComparedRun;
  epochs: readonly number[];
  epoch: number;
  onEpoch: (epoch: number) => void;
}) {
  const { data: likeness } = useStudioQuery('gallery.likeness', { runId: run.id }, { keepPrevious: true });
  return (
    <section className={classes.panel} aria-label={`Figures of ${run.name}`}>
      {epochFigures(run, likeness).map((curve) => (
        <Curve key={curve.name} {...{ curve, epochs, epoch, onEpoch }} />
      ))}
      <Text size="xs" c="dimmed" className={classes.about}>
        {likeness?.state === 'working' && (
          <>
            <Loader size={10} aria-hidden /> Pictures are being compared…{' '}
          </>
        )}
        {likeness?.failure && `${likeness.failure.message} ${likeness.failure.hint} `}
        EfficientNet-Lite0 compares them. Bands and ranges are 95 % confidence intervals: the fewer the
        pictures, the wider they are.
      </Text>
    </section>
  );
}

function Curve({
  curve,
  epochs,
  epoch,
  onEpoch,
}: {
  curve: FigureCurve;
  epochs: readonly number[];
  epoch: number;
  onEpoch: (epoch: number) => void;
}) {
  const here = curve.points.find((point) => point.epoch === epoch);
  const span = [epochs[0] ?? 0, epochs.at(-1) ?? 0] as const;
  const shown = curve.points.filter((point) => point.epoch >= span[0] && point.epoch <= span[1]);
  const choose = (event: PointerEvent<SVGSVGElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    if (width > 0) onEpoch(epochAt(epochs, (event.clientX - left) / width));
  };
  const summary = shown.map((point) => `${epochText(point.epoch)}: ${point.text}`).join('; ');
  return (
    <figure className={classes.curve}>
      <figcaption className={classes.name} title={curve.meaning}>
        <span>{curve.name}</span>
        <span className={`${classes.value} figures`}>{here?.text ?? '–'}</span>
      </figcaption>
      {curve.lacks === null && shown.length > 0 ? (
        <Drawing
          {...{ shown, span, epoch }}
          counts={curve.counts ?? false}
          label={`${curve.name}. ${summary}`}
          onChoose={choose}
        />
      ) : (
        <p className={classes.lacks}>{curve.lacks ?? 'Not measured at these epochs.'}</p>
      )}
      <p className={classes.meaning}>{curve.meaning}</p>
    </figure>
  );
}

function Drawing({
  shown,
  span,
  epoch,
  counts,
  label,
  onChoose,
}: {
  shown: FigureCurve['points'];
  span: readonly [number, number];
  epoch: number;
  counts: boolean;
  label: string;
  onChoose: (event: PointerEvent<SVGSVGElement>) => void;
}) {
  const { line, band, dots } = curvePath(shown, span, counts);
  const at = span[1] === span[0] ? 0.5 : (epoch - span[0]) / (span[1] - span[0]);
  return (
    <svg
      className={classes.drawing}
      viewBox="0 0 1 1"
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
      onPointerDown={onChoose}
    >
      <polygon className={classes.band} points={band} />
      <line className={classes.here} x1={at} x2={at} y1={0} y2={1} />
      <polyline className={classes.line} points={line} />
      {dots.map(([x, y]) => (
        <line key={x} className={classes.dot} x1={x} x2={x} y1={y} y2={y} />
      ))}
    </svg>
  );
}
