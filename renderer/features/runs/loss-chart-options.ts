import type uPlot from 'uplot';

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

export function chartOptions({
  width,
  height,
  epochs,
  inks,
  checkpoints,
  onCursor,
}: {
  width: number;
  height: number;
  epochs: number;
  inks: ChartInks;
  /** Epochs with a checkpoint, asked at every drawing. */
  checkpoints: () => readonly number[];
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
    ],
    hooks: {
      setCursor: [
        ({ cursor }) => {
          onCursor(cursor.idx ?? null);
        },
      ],
      drawAxes: [
        (chart) => {
          drawMarks(chart, checkpoints(), inks);
        },
      ],
    },
  };
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
