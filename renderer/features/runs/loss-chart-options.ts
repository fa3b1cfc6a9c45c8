import type uPlot from 'uplot';

import type { Learned } from '../../../electron/contract/learned.ts';
import { stretchesBeyond } from '../../components/held-out-range.ts';

export interface ChartInks {
  readonly ink: string;
  readonly quiet: string;
  readonly line: string;
  readonly accent: string;
  readonly step: string;
  readonly panel: string;
}

/** The theme's colours as they are where the chart stands: canvas knows no CSS variables. */
export function chartInks(element: HTMLElement): ChartInks {
  const style = getComputedStyle(element);
  const value = (name: string) => style.getPropertyValue(name).trim();
  return {
    ink: value('--sf-ink'),
    quiet: value('--sf-quiet'),
    line: value('--sf-line'),
    accent: value('--sf-accent'),
    step: value('--sf-step-ink'),
    panel: value('--sf-panel'),
  };
}

export interface ChartMarks {
  /** Epochs with a checkpoint. */
  readonly checkpoints: readonly number[];
  /** Of the held-out images. */
  readonly learned: Learned | null;
}

/** What is drawn, in the order of its columns. */
export interface ChartCurves {
  readonly series: readonly uPlot.Series[];
  readonly bands: readonly uPlot.Band[];
  /** Columns of which is marked where they go on beyond the scale, by what they are drawn with. */
  readonly beyond: ReadonlyMap<number, string>;
}

/** Single steps, and their average. */
export const trainingCurves = ({ step, accent }: ChartInks): ChartCurves => ({
  series: [
    { stroke: step, width: 1, points: { show: false } },
    { stroke: accent, width: 2, points: { show: false } },
  ],
  bands: [],
  beyond: new Map(),
});

/** The ends of one standard error, the loss of as many training images, and that of the held-out ones over them. */
export const heldOutCurves = ({ ink, quiet, panel, line }: ChartInks): ChartCurves => ({
  series: [
    { width: 0, points: { show: false } },
    { width: 0, points: { show: false } },
    { stroke: quiet, width: 1.5, dash: [4, 4], points: { show: false } },
    {
      stroke: ink,
      width: 1.5,
      points: { show: true, size: 6, fill: panel, stroke: ink, width: 1.5 },
    },
  ],
  bands: [{ series: [1, 2], fill: line }],
  beyond: new Map([
    [3, quiet],
    [4, ink],
  ]),
});

export function chartOptions({
  width,
  height,
  epochs,
  inks,
  curves: { series, bands, beyond },
  together,
  marks,
  onCursor,
}: {
  width: number;
  height: number;
  epochs: number;
  inks: ChartInks;
  curves: ChartCurves;
  /** Charts of one name share the cursor. */
  together: string;
  /** Asked at every drawing. */
  marks: () => ChartMarks;
  /** The place under the cursor; null where it has left. */
  onCursor: (index: number | null) => void;
}): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: inks.quiet,
    font: "11px 'Inter', system-ui, sans-serif",
    grid: { stroke: inks.line, width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 7, fill: inks.panel, width: 2 },
      drag: { x: false, y: false },
      sync: { key: together },
    },
    scales: { x: { time: false, min: 0, max: epochs, auto: false }, y: { auto: false } },
    axes: [
      {
        ...axis,
        size: 30,
        space: 48,
        grid: { show: false },
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000],
      },
      { ...axis, size: 52, space: 40 },
    ],
    series: [{}, ...series],
    bands: [...bands],
    hooks: {
      setCursor: [
        ({ cursor }) => {
          onCursor(cursor.idx ?? null);
        },
      ],
      drawAxes: [
        (chart) => {
          const { checkpoints, learned } = marks();
          if (learned !== null) drawLearned(chart, learned, inks);
          drawMarks(chart, checkpoints, inks);
        },
      ],
      draw: [
        (chart) => {
          for (const [index, ink] of beyond) drawBeyond(chart, index, ink);
        },
      ],
    },
  };
}

/** The epochs that are as good as the best shaded, and the best marked: to look at, not chosen for anybody. */
function drawLearned(chart: uPlot, { best, range }: Learned, { ink, quiet }: ChartInks): void {
  const { ctx, bbox } = chart;
  const ratio = devicePixelRatio;
  const x = (epoch: number) => Math.round(chart.valToPos(epoch, 'x', true));
  ctx.save();
  if (range !== null) {
    ctx.globalAlpha = 0.12;
    ctx.fillStyle = quiet;
    const from = x(range.from) - 4 * ratio;
    ctx.fillRect(from, bbox.top, x(range.to) + 4 * ratio - from, bbox.height);
    ctx.globalAlpha = 1;
  }
  ctx.fillStyle = ink;
  ctx.beginPath();
  ctx.moveTo(x(best) - 5 * ratio, bbox.top);
  ctx.lineTo(x(best) + 5 * ratio, bbox.top);
  ctx.lineTo(x(best), bbox.top + 7 * ratio);
  ctx.fill();
  ctx.restore();
}

/** A line and a foot at every checkpoint. */
function drawMarks(chart: uPlot, epochs: readonly number[], { accent, line }: ChartInks): void {
  const { ctx, bbox } = chart;
  const ratio = devicePixelRatio;
  ctx.save();
  for (const epoch of epochs) {
    const x = Math.round(chart.valToPos(epoch, 'x', true));
    ctx.strokeStyle = line;
    ctx.lineWidth = ratio;
    ctx.setLineDash([3 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillStyle = accent;
    ctx.beginPath();
    ctx.arc(x, bbox.top + bbox.height, 3 * ratio, 0, 2 * Math.PI);
    ctx.fill();
  }
  ctx.restore();
}

/** An arrow at the edge over which a curve goes on. */
function drawBeyond(chart: uPlot, index: number, ink: string): void {
  const { ctx, bbox, data, scales } = chart;
  const { min, max } = scales.y!;
  if (min == null || max == null) return;
  const ratio = devicePixelRatio;
  const points = Array.from(data[0]).flatMap((at, place) => {
    const value = data[index]![place] ?? null;
    return value === null ? [] : [{ at, value }];
  });
  ctx.save();
  ctx.fillStyle = ink;
  for (const { above, from, to } of stretchesBeyond(points, [min, max])) {
    const x = Math.round(chart.valToPos((from + to) / 2, 'x', true));
    const edge = above ? bbox.top : bbox.top + bbox.height;
    const inwards = (above ? 6 : -6) * ratio;
    ctx.beginPath();
    ctx.moveTo(x - 5 * ratio, edge + inwards);
    ctx.lineTo(x + 5 * ratio, edge + inwards);
    ctx.lineTo(x, edge);
    ctx.fill();
  }
  ctx.restore();
}
