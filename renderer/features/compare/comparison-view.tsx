import { Button } from '@mantine/core';
import { useMemo, useState } from 'react';

import type { Axis } from '../../../electron/contract/gallery.ts';
import { useFavourite } from '../../components/pictures/use-live-samples.ts';
import { useZoomStore } from '../../components/pictures/use-zoom.ts';
import { unzoomed, zoomAt } from '../../components/pictures/zoom.ts';
import { useKeys } from '../../components/use-keys.ts';
import { type AxisValue, shownValues } from './axes.ts';
import { type Book, sampleAt } from './book.ts';
import classes from './compare-screen.module.css';
import { ComparisonGrid } from './comparison-grid.tsx';
import type { Grid } from './grid.ts';
import { type Command, commandOf } from './keys.ts';
import { KeysSheet } from './keys-sheet.tsx';
import { lossText } from './labels.ts';
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

/** The pictures, what is said about them, and everything keys and pointer do with them. */
export function ComparisonView({
  book,
  grid,
  view,
  change,
}: {
  book: Book;
  grid: Grid;
  view: View;
  change: ChangeView;
}) {
  const zoom = useZoomStore();
  const [cellSize, setCellSize] = useState<number | null>(null);
  const [rate, setRate] = useState<PlaybackRate>(2);
  const [sight, setSight] = useState<CellsInSight | null>(null);
  const setFavourite = useFavourite();

  const focus = focusIn(grid, view);
  const place = focusedPlace(grid, view);
  const epochs = useMemo(() => epochStops(book, view), [book, view]);
  const large = view.open === 'large' ? place : null;
  const isReady = usePreload({ book, grid, sight, large });
  const run = book.runs.get(place?.run ?? grid.standing.run);
  const epoch = place?.epoch ?? grid.standing.epoch;
  const { width = 1, height = 1 } = run?.recipe ?? {};

  const command = (given: Command) => {
    if (given.kind === 'favourite') {
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
  usePlayback({
    playing: view.playing,
    epoch,
    epochs,
    rate,
    next: () => {
      change((now) => step(now, book, 'epoch', 1, true));
    },
  });
  const stand = (axis: Axis, value: AxisValue) => {
    change((now) => goTo(now, book, axis, value));
  };

  return (
    <div className={classes.screen}>
      <div className={classes.under}>
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
              {...{ book, grid, focus, cellSize, zoom, isReady }}
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
              onSight={setSight}
            />
          </div>
        </div>
        {large !== null && (
          <div className={classes.over}>
            <LargeView
              {...{ book, epochs, zoom, isReady }}
              place={large}
              heldOut={view.layout.heldOut}
              onEpoch={(value) => {
                stand('epoch', value);
              }}
              onCompare={(other) => {
                change((now) => ({
                  ...now,
                  pair: { a: large, b: other },
                  open: other === null ? 'grid' : 'pair',
                  playing: false,
                }));
              }}
              onClose={() => {
                command({ kind: 'close' });
              }}
            />
          </div>
        )}
      </div>
      <Timeline
        epochs={epochs}
        epoch={epoch}
        note={lossText(run, epoch)}
        playing={view.playing}
        rate={rate}
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
          book={book}
          a={view.pair.a}
          b={view.pair.b}
          zoom={zoom}
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

/** The epochs that can be gone to: where they span the grid, those it shows. */
function epochStops(book: Book, { layout }: View): readonly number[] {
  const spans = layout.columns === 'epoch' || layout.rows === 'epoch';
  return spans ? shownValues(layout, book.values, 'epoch').map(Number) : book.values.epoch;
}
