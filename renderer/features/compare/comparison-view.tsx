import { Button } from '@mantine/core';
import { useMemo, useState } from 'react';

import type { Axis, Sample } from '../../../electron/contract/gallery.ts';
import { useFavourite } from '../../components/pictures/use-live-samples.ts';
import { useZoomStore } from '../../components/pictures/use-zoom.ts';
import { unzoomed, zoomAt } from '../../components/pictures/zoom.ts';
import type { ZoomStore } from '../../components/pictures/zoom-store.ts';
import { useKeys } from '../../components/use-keys.ts';
import { type AxisValue, type Coordinates, shownValues } from './axes.ts';
import { type Book, type ComparedRun, hasWaiting, sampleAt } from './book.ts';
import classes from './compare-screen.module.css';
import { ComparisonGrid } from './comparison-grid.tsx';
import { FiguresPanel } from './figures-panel.tsx';
import type { Grid } from './grid.ts';
import { type Command, commandOf } from './keys.ts';
import { KeysSheet } from './keys-sheet.tsx';
import { epochLoss } from './labels.ts';
import { LargeView } from './large-view.tsx';
import { LayoutBar } from './layout-bar.tsx';
import { focusedPlace, focusIn, goTo, obey, picked, step, type View } from './navigation.ts';
import { PairScreen } from './pair-screen.tsx';
import type { PlaybackRate } from './playback.ts';
import { Timeline } from './timeline.tsx';
import type { CellsInSight } from './use-grid-sight.ts';
import { usePlayback } from './use-playback.ts';
import { usePreload } from './use-preload.ts';
import type { ChangeView } from './use-view.ts';

interface ViewProps {
  readonly book: Book;
  readonly grid: Grid;
  readonly view: View;
  readonly change: ChangeView;
}

/** What the parts of the comparison share while it is on the screen. */
interface Shown extends ViewProps {
  readonly zoom: ZoomStore;
  readonly command: (given: Command) => void;
  readonly stand: (axis: Axis, value: AxisValue) => void;
  readonly isReady: (sample: Sample) => boolean;
}

/** The pictures, what is said about them, and everything keys and pointer do with them. */
export function ComparisonView(props: ViewProps) {
  const { book, grid, view, change } = props;
  const zoom = useZoomStore();
  const [rate, setRate] = useState<PlaybackRate>(2);
  const [figures, setFigures] = useState(false);
  const [sight, setSight] = useState<CellsInSight | null>(null);
  const place = focusedPlace(grid, view);
  const epochs = useMemo(() => epochStops(book, view), [book, view]);
  const large = view.open === 'large' ? place : null;
  const isReady = usePreload({ book, grid, sight, large });
  const epoch = place?.epoch ?? grid.standing.epoch;
  const command = useCommands(props, zoom);
  const stand = (axis: Axis, value: AxisValue) => {
    change((now) => goTo(now, book, axis, value));
  };
  usePlayback({
    playing: view.playing,
    epoch,
    epochs,
    rate,
    next: () => {
      change((now) => step(now, book, 'epoch', 1, true));
    },
  });
  const shown: Shown = { ...props, zoom, command, stand, isReady };
  const run = book.runs.get(place?.run ?? grid.standing.run);
  return (
    <div className={classes.screen}>
      <div className={classes.under}>
        <GridLayer {...shown} run={run} onSight={setSight} />
        {large !== null && <LargeLayer {...shown} place={large} epochs={epochs} />}
      </div>
      {figures && run !== undefined && (
        <FiguresPanel
          {...{ run, epochs, epoch }}
          waiting={hasWaiting(book, run.id)}
          onEpoch={(value) => {
            stand('epoch', value);
          }}
        />
      )}
      <Timeline
        {...{ epochs, epoch, rate, figures }}
        onFigures={setFigures}
        note={epochLoss(run, epoch)}
        playing={view.playing}
        onEpoch={(value) => {
          stand('epoch', value);
        }}
        onPlay={() => {
          command({ kind: 'play' });
        }}
        onRate={setRate}
      />
      {view.open === 'pair' && view.pair?.b != null && (
        <PairScreen
          {...{ book, zoom }}
          a={view.pair.a}
          b={view.pair.b}
          onClose={() => {
            command({ kind: 'close' });
          }}
        />
      )}
      <KeysSheet
        open={view.open === 'keys'}
        onClose={() => {
          change((now) => ({ ...now, open: 'grid' }));
        }}
      />
    </div>
  );
}

/** Obeys commands, and keys as far as they are some. */
function useCommands({ book, grid, view, change }: ViewProps, zoom: ZoomStore): (given: Command) => void {
  const setFavourite = useFavourite();
  const command = (given: Command) => {
    if (given.kind === 'favourite') {
      const place = focusedPlace(grid, view);
      const sample = place === null ? null : sampleAt(book, place);
      if (sample?.status === 'ready') setFavourite(sample);
    } else if (given.kind === 'unzoom') zoom.setState(unzoomed);
    else if (given.kind === 'zoom') zoom.setState((now) => zoomAt(now, given.factor, 0.5, 0.5));
    change((now) => obey(now, given, book));
  };
  useKeys((event) => {
    const given = commandOf(event, view.open === 'large' ? 'large' : 'grid');
    if (given === null) return false;
    // Over two pictures the keys of the grid have nothing to do.
    if (view.open === 'pair' && !['close', 'unzoom', 'zoom'].includes(given.kind)) return false;
    if (given.kind === 'close' && view.open === 'grid' && !view.playing && view.pair === null) return false;
    command(given);
    return true;
  });
  return command;
}

/** The grid with its bar; what stands over it leaves it where it is, out of reach. */
function GridLayer({
  run,
  onSight,
  ...shown
}: Shown & { run: ComparedRun | undefined; onSight: (sight: CellsInSight) => void }) {
  const { book, grid, view, change, zoom, command, stand, isReady } = shown;
  const [cellSize, setCellSize] = useState<number | null>(null);
  const { width = 1, height = 1 } = run?.recipe ?? {};
  return (
    <div className={classes.under} inert={view.open !== 'grid'}>
      <LayoutBar
        {...{ book, grid, cellSize, zoom }}
        layout={view.layout}
        onCommand={command}
        onLayout={(layout) => {
          change((now) => ({ ...now, layout }));
        }}
        onStand={stand}
        onCellSize={setCellSize}
      />
      {view.pair?.b === null && (
        <div className={classes.picking} role="status">
          <span>A is chosen. Choose the picture to compare it with.</span>
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => {
              change((now) => ({ ...now, pair: null }));
            }}
          >
            Cancel
          </Button>
        </div>
      )}
      <div className={classes.grid}>
        <ComparisonGrid
          {...{ book, grid, cellSize, zoom, isReady, onSight }}
          focus={focusIn(grid, view)}
          columnAxis={view.layout.columns}
          pair={view.pair}
          aspect={width / height}
          pixels={width}
          onFocus={(row, column) => {
            change((now) => ({ ...now, focus: { row, column } }));
          }}
          onOpen={(row, column) => {
            change((now) => ({ ...now, focus: { row, column }, open: 'large' }));
          }}
          onPick={(row, column) => {
            change((now) => picked(now, grid.placeAt(row, column)));
          }}
        />
      </div>
    </div>
  );
}

function LargeLayer({
  book,
  view,
  change,
  zoom,
  command,
  stand,
  isReady,
  place,
  epochs,
}: Shown & { place: Coordinates; epochs: readonly number[] }) {
  return (
    <div className={classes.over}>
      <LargeView
        {...{ book, place, epochs, zoom, isReady }}
        heldOut={view.layout.heldOut}
        onEpoch={(value) => {
          stand('epoch', value);
        }}
        onCompare={(other) => {
          change((now) => ({
            ...now,
            pair: { a: place, b: other },
            open: other === null ? 'grid' : 'pair',
            playing: false,
          }));
        }}
        onClose={() => {
          command({ kind: 'close' });
        }}
      />
    </div>
  );
}

/** The epochs that can be gone to: where they span the grid, those it shows. */
function epochStops(book: Book, { layout }: View): readonly number[] {
  const spans = layout.columns === 'epoch' || layout.rows === 'epoch';
  return spans ? shownValues(layout, book.values, 'epoch').map(Number) : book.values.epoch;
}
