import { ActionIcon, Button, Select, Tooltip } from '@mantine/core';
import { useElementSize, useReducedMotion } from '@mantine/hooks';
import { IconChartLine, IconPlayerPauseFilled, IconPlayerPlayFilled } from '@tabler/icons-react';
import type { KeyboardEvent, PointerEvent } from 'react';

import { epochAt, rulerTicks } from './epoch-ruler.ts';
import { epochText } from './labels.ts';
import { type PlaybackRate, playbackRates } from './playback.ts';
import classes from './timeline.module.css';

/** The epochs on a ruler, at their real distances: drag to scrub, or let it run. */
export function Timeline({
  epochs,
  epoch,
  note,
  playing,
  rate,
  onEpoch,
  onPlay,
  onRate,
  figures,
  onFigures,
}: {
  epochs: readonly number[];
  epoch: number;
  /** What is known of this epoch, as its loss. */
  note: string | null;
  playing: boolean;
  rate: PlaybackRate;
  onEpoch: (epoch: number) => void;
  onPlay: () => void;
  onRate: (rate: PlaybackRate) => void;
  /** Whether what numbers say of the epochs stands above. */
  figures: boolean;
  onFigures: (shown: boolean) => void;
}) {
  const still = useReducedMotion();
  const hint = still
    ? 'Your system asks for less motion; step with , and .'
    : playing
      ? 'Pause (P)'
      : 'Play (P)';
  return (
    <div className={classes.timeline}>
      <Tooltip label={hint}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={playing ? 'Pause' : 'Play the epochs'}
          aria-disabled={still || undefined}
          {...(still ? { 'data-disabled': true } : {})}
          onClick={() => {
            if (!still) onPlay();
          }}
        >
          {playing ? <IconPlayerPauseFilled size={18} /> : <IconPlayerPlayFilled size={18} />}
        </ActionIcon>
      </Tooltip>
      <Select
        size="xs"
        w={92}
        aria-label="Epochs per second"
        data={playbackRates.map((value) => ({ value: String(value), label: `${value} / s` }))}
        value={String(rate)}
        allowDeselect={false}
        onChange={(value) => {
          onRate(Number(value) as PlaybackRate);
        }}
      />
      <Ruler epochs={epochs} epoch={epoch} onEpoch={onEpoch} />
      <Button
        variant={figures ? 'light' : 'subtle'}
        color="gray"
        size="compact-sm"
        leftSection={<IconChartLine size={16} aria-hidden />}
        aria-expanded={figures}
        onClick={() => {
          onFigures(!figures);
        }}
      >
        Figures
      </Button>
      <div className={`${classes.now} figures`} aria-live="off">
        <span className={classes.epoch}>{epochText(epoch)}</span>
        <span className={classes.note}>{note ?? ''}</span>
      </div>
    </div>
  );
}

function Ruler({
  epochs,
  epoch,
  onEpoch,
}: {
  epochs: readonly number[];
  epoch: number;
  onEpoch: (epoch: number) => void;
}) {
  const { ref, width } = useElementSize();
  const index = epochs.indexOf(epoch);
  const goTo = (next: number | undefined) => {
    if (next !== undefined && next !== epoch) onEpoch(next);
  };
  const scrub = (event: PointerEvent<HTMLDivElement>) => {
    const { left, width: whole } = event.currentTarget.getBoundingClientRect();
    if (whole > 0) goTo(epochAt(epochs, (event.clientX - left) / whole));
  };
  const onKey = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    const ends = { Home: epochs[0], End: epochs.at(-1) }[event.key];
    if (by === undefined && ends === undefined) return;
    event.preventDefault();
    goTo(by === undefined ? ends : epochs[index + by]);
  };
  return (
    <div
      className={classes.ruler}
      role="slider"
      tabIndex={0}
      aria-label="Epoch"
      aria-valuemin={epochs[0] ?? 0}
      aria-valuemax={epochs.at(-1) ?? 0}
      aria-valuenow={epoch}
      aria-valuetext={epochText(epoch)}
      onKeyDown={onKey}
    >
      <div
        ref={ref}
        className={classes.scale}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          scrub(event);
        }}
        onPointerMove={(event) => {
          if (event.buttons === 1) scrub(event);
        }}
      >
        {rulerTicks(epochs, epoch, width || 800).map((tick) => (
          <span
            key={tick.epoch}
            className={classes.tick}
            data-here={tick.epoch === epoch || undefined}
            style={{ left: `${tick.position * 100}%` }}
          >
            {tick.labelled && (
              <span className={`${classes.number} figures`}>{tick.epoch === 0 ? 'Base' : tick.epoch}</span>
            )}
          </span>
        ))}
      </div>
    </div>
  );
}
