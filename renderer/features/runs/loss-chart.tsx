import { useId, useMemo, useState } from 'react';

import { type Learned, learnedText } from '../../../electron/contract/learned.ts';
import { lossText } from '../../../electron/contract/quantities.ts';
import { heldOutNote } from '../../components/held-out-range.ts';
import { countOf } from '../../components/quantities.ts';
import { heldOutLossRange, type LossCurves, lossRange, onlyWith } from './curve.ts';
import classes from './loss-chart.module.css';
import { heldOutCurves, trainingCurves } from './loss-chart-options.ts';
import { LossPlot } from './loss-plot.tsx';

/**
 * Training loss over epochs and, on a scale of its own, held-out loss: its shape says which epoch is best, and is far smaller than
 * what single steps differ by. Checkpoints are marked; values at the cursor stand in the legends.
 */
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
  const together = useId();
  const range = heldOutLossRange(curves);
  const training = useMemo(() => onlyWith('step', curves), [curves]);
  const heldOut = useMemo(() => onlyWith('validation', curves), [curves]);
  const shared = { epochs, together };
  return (
    <div>
      <div className={classes.charts}>
        <TrainingLoss {...shared} curves={training} checkpoints={checkpoints} />
        {range !== null && <HeldOutLoss {...{ ...shared, range, checkpoints, learned }} curves={heldOut} />}
      </div>
      {learned !== null && <p className={classes.learned}>{learnedText(learned)}</p>}
      {range !== null && <p className={classes.note}>{noteOf(heldOut, range)}</p>}
    </div>
  );
}

function noteOf({ high, seen, validation }: LossCurves, [low, top]: readonly [number, number]): string {
  const has = (values: LossCurves['seen'], what: (value: number) => boolean) =>
    values.some((value) => value !== null && what(value));
  const any = () => true;
  const note = heldOutNote({
    beside: has(seen, any),
    errors: has(high, any),
    beyond: has([...validation, ...seen], (value) => value < low || value > top),
  });
  // Beside a curve of training images a much lower training loss would look like learning by heart.
  return `${note} Training loss is weighed as the settings say (min-SNR); held-out loss never is.`.trimStart();
}

interface ChartProps {
  readonly curves: LossCurves;
  readonly epochs: number;
  readonly checkpoints: readonly number[];
  readonly together: string;
}

const tableNote = 'the table of epochs has its figures';

function TrainingLoss({ curves, epochs, checkpoints, together }: ChartProps) {
  const [at, setAt] = useState<number | null>(null);
  const columns = useMemo(() => [curves.epoch, curves.step, curves.smooth], [curves]);
  const marks = useMemo(() => ({ checkpoints, learned: null }), [checkpoints]);
  const index = at ?? curves.epoch.length - 1;
  return (
    <div>
      <div className={`${classes.legend} figures`}>
        <Item name="Training" ink="var(--sf-accent)" value={curves.smooth[index]} />
        <Item name="Single steps" ink="var(--sf-step-ink)" value={curves.step[index]} />
        <span className={classes.where}>
          {curves.epoch.length === 0 ? '' : `at epoch ${(curves.epoch[index] ?? 0).toFixed(1)}`}
        </span>
      </div>
      <LossPlot
        label={`Training loss over ${countOf(epochs, 'epoch')}; ${tableNote}`}
        columns={columns}
        curves={trainingCurves}
        range={lossRange(curves)}
        marks={marks}
        {...{ epochs, together }}
        onCursor={setAt}
      />
    </div>
  );
}

function HeldOutLoss({
  curves,
  epochs,
  checkpoints,
  together,
  learned,
  range,
}: ChartProps & { learned: Learned | null; range: readonly [number, number] }) {
  const [at, setAt] = useState<number | null>(null);
  const columns = useMemo(
    () => [curves.epoch, curves.high, curves.low, curves.seen, curves.validation],
    [curves],
  );
  const marks = useMemo(() => ({ checkpoints, learned }), [checkpoints, learned]);
  const index = at ?? curves.epoch.length - 1;
  return (
    <div>
      <div className={`${classes.legend} figures`}>
        <Item name="Held out" ink="var(--sf-ink)" value={curves.validation[index]} />
        {curves.seen.some((value) => value !== null) && (
          <Item name="Training images" ink="var(--sf-quiet)" dashed value={curves.seen[index]} />
        )}
        <span className={classes.where}>at epoch {curves.epoch[index]}</span>
      </div>
      <LossPlot
        label={`Held-out loss over ${countOf(epochs, 'epoch')}; ${tableNote}`}
        columns={columns}
        curves={heldOutCurves}
        marks={marks}
        {...{ range, epochs, together }}
        onCursor={setAt}
      />
    </div>
  );
}

function Item({
  name,
  ink,
  value = null,
  dashed = false,
}: {
  name: string;
  ink: string;
  value: number | null | undefined;
  dashed?: boolean;
}) {
  return (
    <span className={classes.item}>
      <span className={classes.swatch} data-dashed={dashed || undefined} style={{ borderColor: ink }} />
      {name}
      <span className={classes.value}>{lossText(value)}</span>
    </span>
  );
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
