import { Progress } from '@mantine/core';

import { durationText } from '../../../electron/contract/quantities.ts';
import type { RunDetail } from '../../../electron/contract/runs.ts';
import { EpochRuler } from '../../components/epoch-ruler.tsx';
import { Notice } from '../../components/notice.tsx';
import { countText, moneyText, rateText, rateUnit } from '../../components/quantities.ts';
import { epochRate } from './epoch-rows.ts';
import { gpuFigures, spillWarning } from './gpu-figures.ts';
import { capital } from './run-list.tsx';
import { finishedText, isUnderWay, queuedText, standstillText, statusText } from './run-status.ts';
import classes from './run-status-strip.module.css';
import type { RunView } from './run-view.ts';
import { useGpuLoad } from './use-gpu-load.ts';
import { useGpuPassedOver } from './use-gpu-passed-over.ts';

/** How a run stands, at a glance: what it does, how far it is by the epoch, its rate, its time and its cost. */
export function RunStatusStrip({ run, view, currency }: { run: RunDetail; view: RunView; currency: string }) {
  const { phase, reached } = view;
  const live = isUnderWay(view.status);
  const gpu = useGpuLoad(run, live ? view.device : null);
  const passedOver = useGpuPassedOver(run, live ? view.device : null);
  const { secondsPerEpoch, images } = run.plan;
  const planned = secondsPerEpoch === null ? null : images / secondsPerEpoch;
  const spill = gpu && spillWarning(gpu, view.imagesPerSecond, planned);
  return (
    <section className={classes.strip} aria-label="Status">
      <div className={classes.line}>
        <div className={classes.what}>
          <div className={`${classes.headline} figures`} aria-live="polite">
            {headline(run, view)}
          </div>
          <div className={`${classes.detail} figures`}>{detail(run, view)}</div>
        </div>
        <dl className={`${classes.figures} figures`}>
          {live && (
            <Figure
              name="Rate"
              value={view.imagesPerSecond === null ? '–' : liveRateText(run, view.imagesPerSecond)}
            />
          )}
          {gpu !== null && gpuFigures(gpu).map((figure) => <Figure key={figure.name} {...figure} />)}
          {live && (
            <Figure name="Left" value={view.secondsLeft === null ? '–' : durationText(view.secondsLeft)} />
          )}
          <Figure name="Spent" value={durationText(view.seconds)} />
          {view.cost !== null && <Figure name="Cost" value={moneyText(view.cost, currency)} />}
        </dl>
      </div>
      {passedOver !== null && <Notice title="This run does not use the NVIDIA GPU">{passedOver}</Notice>}
      {spill !== null && <Notice title="This run is slower than it should be">{spill}</Notice>}
      <div className={classes.ruler}>
        {phase !== null && phase.total > 1 && view.status !== 'training' ? (
          <div style={{ height: 38, padding: '8px 10px 0' }}>
            <Progress
              value={(phase.done / phase.total) * 100}
              size={4}
              aria-label={capital(phase.name)}
              transitionDuration={150}
            />
          </div>
        ) : (
          <EpochRuler epochs={run.epochs} checkpoints={run.plan.checkpoints} reached={reached} />
        )}
      </div>
    </section>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div className={classes.figure}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** In the unit of the table of epochs below. */
function liveRateText({ ledger }: RunDetail, rate: number): string {
  const measured = ledger.flatMap((entry) => epochRate(entry) ?? []);
  return rateText(rate, rateUnit(measured.length > 0 ? measured : [rate]));
}

function headline(run: RunDetail, { status, phase, epoch }: RunView): string {
  switch (status) {
    case 'training':
      return `Epoch ${Math.max(1, epoch)} of ${run.epochs}`;
    case 'preparing':
      return capital(phase?.name ?? 'preparing');
    case 'queued':
      return queuedText(run);
    case 'finished':
      return finishedText(run);
    case 'failed':
    case 'interrupted':
    case 'paused':
    case 'cancelled':
      return standstillText(status, epoch, run.epochs);
    case 'stopping':
      return statusText(status);
  }
}

function detail(run: RunDetail, { status, phase, fraction }: RunView): string {
  const source = `${run.datasetName}, ${run.captionSetName}, on ${run.baseName}`;
  if (status === 'preparing' && phase !== null && phase.total > 1) {
    return `${countText(phase.done)} of ${countText(phase.total)}`;
  }
  if (status === 'training') {
    const beside = phase === null ? '' : ` · ${phase.name}`;
    return `Step ${countText(Math.round(fraction * run.steps))} of ${countText(run.steps)}${beside} · ${source}`;
  }
  return source;
}
