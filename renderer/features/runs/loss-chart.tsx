import 'uplot/dist/uPlot.min.css';

import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import uPlot from 'uplot';

import { type Learned, learnedText } from '../../../electron/contract/learned.ts';
import { lossText } from '../../../electron/contract/quantities.ts';
import { countOf } from '../../components/quantities.ts';
import { type LossCurves, lossRange } from './curve.ts';
import classes from './loss-chart.module.css';
import { chartInks, chartOptions } from './loss-chart-options.ts';

const height = 224;

/** Training and held-out loss over epochs, with checkpoints marked; values at the cursor stand in the legend. */
export function LossChart({
  curves,
  epochs,
  checkpoints,
  learned,
}: {
  curves: LossCurves;
  epochs: number;
  checkpoints: readonly number[];
  /** Null where held-out images say nothing yet. */
  learned: Learned | null;
}) {
  const { ref, width } = useElementSize();
  const scheme = useComputedColorScheme('light');
  const [at, setAt] = useState<number | null>(null);
  const holder = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const marks = useRef({ checkpoints, learned });
  const draw = useEffectEvent((element: HTMLElement) => {
    const options = chartOptions({
      width,
      height,
      epochs,
      inks: chartInks(element),
      marks: () => marks.current,
      onCursor: setAt,
    });
    return new uPlot(options, dataOf(curves), element);
  });

  const drawable = width > 0;
  useEffect(() => {
    if (holder.current === null || !drawable) return;
    const drawn = draw(holder.current);
    chart.current = drawn;
    return () => {
      drawn.destroy();
      chart.current = null;
    };
  }, [drawable, scheme, epochs]);
  useEffect(() => {
    chart.current?.setSize({ width, height });
  }, [width]);
  useEffect(() => {
    marks.current = { checkpoints, learned };
    const [low, high] = lossRange(curves);
    chart.current?.batch((drawn: uPlot) => {
      drawn.setData(dataOf(curves), false);
      drawn.setScale('x', { min: 0, max: epochs });
      drawn.setScale('y', { min: low, max: high });
    });
  }, [curves, checkpoints, learned, epochs, drawable, scheme]);

  return (
    <div>
      <Legend curves={curves} at={at} />
      <div
        className={classes.chart}
        ref={ref}
        role="img"
        aria-label={`Loss over ${countOf(epochs, 'epoch')}; the table of epochs has its figures`}
      >
        <div ref={holder} />
      </div>
      {learned !== null && <p className={classes.learned}>{learnedText(learned)}</p>}
    </div>
  );
}

const dataOf = ({ epoch, step, smooth, validation, seen }: LossCurves): uPlot.AlignedData => [
  [...epoch],
  [...step],
  [...smooth],
  [...validation],
  [...seen],
];

function Legend({ curves, at }: { curves: LossCurves; at: number | null }) {
  const index = at ?? curves.epoch.length - 1;
  return (
    <div className={`${classes.legend} figures`}>
      <Item name="Training" ink="var(--sf-accent)" value={lastUntil(curves.smooth, index)} />
      <Item name="Single steps" ink="var(--sf-step-ink)" value={lastUntil(curves.step, index)} />
      <Item name="Held out" ink="var(--sf-ink)" value={lastUntil(curves.validation, index)} />
      {curves.seen.some((value) => value !== null) && (
        <Item name="Seen, at the same noise" ink="var(--sf-quiet)" value={lastUntil(curves.seen, index)} />
      )}
      <span className={classes.where}>
        {curves.epoch.length === 0 ? '' : `at epoch ${(curves.epoch[index] ?? 0).toFixed(1)}`}
      </span>
    </div>
  );
}

function Item({ name, ink, value }: { name: string; ink: string; value: number | null }) {
  return (
    <span className={classes.item}>
      <span className={classes.swatch} style={{ borderColor: ink }} />
      {name}
      <span className={classes.value}>{lossText(value)}</span>
    </span>
  );
}

/** The newest value up to there: that of held-out images has one an epoch, and holds until the next. */
function lastUntil(values: readonly (number | null)[], index: number): number | null {
  for (let i = Math.min(index, values.length - 1); i >= 0; i--) {
    const value = values[i];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}

/** Holds the chart's place until there are two points to join. */
export function NoCurve({ children }: { children: string }) {
  return (
    <div>
      <div className={classes.legend} />
      <div className={classes.chart}>
        <div className={classes.empty}>{children}</div>
      </div>
    </div>
  );
}
