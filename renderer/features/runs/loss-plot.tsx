import 'uplot/dist/uPlot.min.css';

import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useEffectEvent, useRef } from 'react';
import uPlot from 'uplot';

import classes from './loss-chart.module.css';
import {
  type ChartCurves,
  type ChartInks,
  chartInks,
  type ChartMarks,
  chartOptions,
} from './loss-chart-options.ts';

const height = 212;

/** Curves over the epochs of a run, on a scale of their own. */
export function LossPlot({
  label,
  columns,
  curves,
  range: [low, high],
  epochs,
  marks,
  together,
  onCursor,
}: {
  label: string;
  /** The first is across; all as long as that. */
  columns: readonly (readonly (number | null)[])[];
  curves: (inks: ChartInks) => ChartCurves;
  range: readonly [number, number];
  epochs: number;
  marks: ChartMarks;
  /** Charts of one name share the cursor. */
  together: string;
  /** The place under the cursor; null where it has left. */
  onCursor: (index: number | null) => void;
}) {
  const { ref, width } = useElementSize();
  const scheme = useComputedColorScheme('light');
  const holder = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const shownMarks = useRef(marks);
  const draw = useEffectEvent((element: HTMLElement) => {
    const inks = chartInks(element);
    const options = chartOptions({
      ...{ width, height, epochs, inks, together, onCursor },
      curves: curves(inks),
      marks: () => shownMarks.current,
    });
    return new uPlot(options, dataOf(columns), element);
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
    shownMarks.current = marks;
    chart.current?.batch((drawn: uPlot) => {
      drawn.setData(dataOf(columns), false);
      drawn.setScale('x', { min: 0, max: epochs });
      drawn.setScale('y', { min: low, max: high });
    });
  }, [columns, marks, low, high, epochs, drawable, scheme]);

  return (
    <div className={classes.chart} ref={ref} role="img" aria-label={label}>
      <div ref={holder} />
    </div>
  );
}

const dataOf = (columns: readonly (readonly (number | null)[])[]) =>
  columns.map((column) => [...column]) as uPlot.AlignedData;
