import { VisuallyHidden } from '@mantine/core';
import { useMergedRef } from '@mantine/hooks';
import type { VirtualItem } from '@tanstack/react-virtual';
import type { CSSProperties, MouseEvent } from 'react';

import type { Axis, Sample } from '../../../electron/contract/gallery.ts';
import { useScale, useZoomArea } from '../../components/pictures/use-zoom.ts';
import { showsPixels } from '../../components/pictures/zoom.ts';
import type { ZoomStore } from '../../components/pictures/zoom-store.ts';
import type { Coordinates } from './axes.ts';
import type { Book } from './book.ts';
import { cellGap } from './cell-size.ts';
import classes from './comparison-grid.module.css';
import type { Grid, Header } from './grid.ts';
import { CellContent } from './grid-cell.tsx';
import { headerLabel, placeText } from './labels.ts';
import { type Pair, samePlace } from './navigation.ts';
import { type CellsInSight, type GridSight, useGridSight } from './use-grid-sight.ts';

interface GridProps {
  readonly book: Book;
  readonly grid: Grid;
  readonly focus: { readonly row: number; readonly column: number };
  readonly pair: Pair | null;
  readonly isReady: (sample: Sample) => boolean;
  readonly onFocus: (row: number, column: number) => void;
  readonly onOpen: (row: number, column: number) => void;
  readonly onPick: (row: number, column: number) => void;
}

/** The comparison laid out: headers that stay, pictures of one size under one zoom, only those in sight drawn. */
export function ComparisonGrid({
  columnAxis,
  cellSize,
  aspect,
  pixels,
  zoom,
  onSight,
  ...props
}: GridProps & {
  /** Which axis goes across. */
  columnAxis: Axis;
  /** Width in pixels; null: as the columns fit. */
  cellSize: number | null;
  /** Width by height of the pictures. */
  aspect: number;
  /** Width of the pictures in their own pixels. */
  pixels: number;
  zoom: ZoomStore;
  onSight: (sight: CellsInSight) => void;
}) {
  const { grid, focus } = props;
  const sight = useGridSight({ grid, columnAxis, focus, cellSize, aspect, onSight });
  const area = useZoomArea(zoom, 'with-ctrl');
  const ref = useMergedRef(sight.scroller, sight.measure, area);
  const pixelated = showsPixels(sight.cellWidth, useScale(zoom), pixels);
  return (
    <div
      ref={ref}
      className={classes.scroller}
      role="grid"
      tabIndex={0}
      aria-label="Pictures"
      aria-rowcount={grid.rows.length + 1}
      aria-colcount={grid.columns.length + 1}
      aria-activedescendant={`cell-${focus.row}-${focus.column}`}
      style={{ '--labels': `${sight.labels}px`, '--head': `${sight.headHeight}px` } as CSSProperties}
    >
      <div className={classes.inner} style={{ width: sight.whole.width, height: sight.whole.height }}>
        <Head {...props} sight={sight} />
        {sight.rows.map((row) => (
          <Row key={row.index} {...props} row={row} sight={sight} pixelated={pixelated} />
        ))}
      </div>
    </div>
  );
}

function Head({ book, grid, focus, sight }: GridProps & { sight: GridSight }) {
  return (
    <div className={classes.head} role="row" aria-rowindex={1}>
      <span className={classes.corner} role="columnheader">
        <VisuallyHidden>Rows</VisuallyHidden>
      </span>
      {sight.columns.map(({ index, start }) => (
        <div
          key={index}
          role="columnheader"
          aria-colindex={index + 2}
          className={classes.columnHead}
          data-here={index === focus.column || undefined}
          style={{ left: start, width: sight.cellWidth }}
        >
          <HeadText book={book} header={grid.columns[index]!} standing={grid.standing} />
        </div>
      ))}
    </div>
  );
}

function Row({
  row,
  sight,
  pixelated,
  ...props
}: GridProps & { row: VirtualItem; sight: GridSight; pixelated: boolean }) {
  const { book, grid, focus } = props;
  return (
    <div
      role="row"
      aria-rowindex={row.index + 2}
      className={classes.row}
      style={{ top: row.start, height: sight.down }}
    >
      <div
        className={classes.rowHead}
        role="rowheader"
        data-here={row.index === focus.row || undefined}
        style={{ height: sight.down - cellGap }}
      >
        <HeadText book={book} header={grid.rows[row.index]!} standing={grid.standing} />
      </div>
      {sight.columns.map(({ index, start }) => (
        <Cell
          key={index}
          {...props}
          row={row.index}
          column={index}
          style={{ left: start, width: sight.cellWidth, height: sight.cellHeight }}
          pixelated={pixelated}
        />
      ))}
    </div>
  );
}

function Cell({
  row,
  column,
  style,
  pixelated,
  book,
  grid,
  focus,
  pair,
  isReady,
  onFocus,
  onOpen,
  onPick,
}: GridProps & { row: number; column: number; style: CSSProperties; pixelated: boolean }) {
  const cell = grid.cellAt(row, column);
  const place = grid.placeAt(row, column);
  return (
    <div
      id={`cell-${row}-${column}`}
      role="gridcell"
      aria-colindex={column + 2}
      aria-selected={row === focus.row && column === focus.column}
      className={classes.cell}
      data-kind={cell.kind}
      data-zoom-frame={cell.kind === 'ready' || cell.kind === 'held-out' ? '' : undefined}
      data-pick={place === null ? undefined : pickMark(pair, place)}
      style={style}
      onClick={(event: MouseEvent) => {
        if (event.ctrlKey || event.metaKey) onPick(row, column);
        else if (pair !== null && pair.b === null) onPick(row, column);
        else onOpen(row, column);
      }}
      onPointerDown={() => {
        onFocus(row, column);
      }}
    >
      <CellContent
        cell={cell}
        alt={place === null ? 'held out' : placeText(book, place)}
        pixelated={pixelated}
        ready={cell.kind === 'ready' && isReady(cell.sample)}
      />
    </div>
  );
}

function HeadText({ book, header, standing }: { book: Book; header: Header; standing: Coordinates }) {
  const { text, notes } = headerLabel(book, header, standing);
  return (
    <div className={classes.headText} title={[text, ...notes].join('\n')}>
      <span className={classes.headName} data-base={text === 'Base' || undefined}>
        {text}
      </span>
      {notes.map((note) => (
        <span key={note} className={`${classes.headNote} figures`}>
          {note}
        </span>
      ))}
    </div>
  );
}

function pickMark(pair: Pair | null, place: Coordinates): 'A' | 'B' | undefined {
  if (pair === null) return undefined;
  if (samePlace(pair.a, place)) return 'A';
  return pair.b !== null && samePlace(pair.b, place) ? 'B' : undefined;
}
