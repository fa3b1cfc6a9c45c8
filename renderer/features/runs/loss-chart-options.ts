import type uPlot from 'uplot';

import type { Learned } from '../../../electron/contract/learned.ts';

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
  readonly learned: Learned | null;
}

export function chartOptions({
  width,
  height,
  epochs,
  inks,
  marks,
  onCursor,
}: {
  width: number;
  height: number;
  epochs: number;
  inks: ChartInks;
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
    series: [
      {},
      { stroke: inks.step, width: 1, spanGaps: true, points: { show: false } },
      { stroke: inks.accent, width: 2, spanGaps: true, points: { show: false } },
      {
        stroke: inks.ink,
        width: 1.5,
        spanGaps: true,
        points: { show: true, size: 6, fill: inks.panel, stroke: inks.ink, width: 1.5 },
      },
      { stroke: inks.quiet, width: 1.5, dash: [4, 4], spanGaps: true, points: { show: false } },
    ],
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
