import { useElementSize, useMergedRef } from '@mantine/hooks';
import { type CSSProperties, type MouseEvent, useEffect, useLayoutEffect, useRef, useState } from 'react';

import type { Axis, Sample } from '../../../electron/contract/gallery.ts';
import { useScale, useZoomArea } from '../../components/pictures/use-zoom.ts';
import { showsPixels } from '../../components/pictures/zoom.ts';
import type { ZoomStore } from '../../components/pictures/zoom-store.ts';
import { type Range, rangeInSight, scrollToShow } from '../../components/window-range.ts';
import type { Coordinates } from './axes.ts';
import type { Book } from './book.ts';
import { cellGap, fittingCell, labelWidth } from './cell-size.ts';
import classes from './comparison-grid.module.css';
import type { Grid, Header } from './grid.ts';
import { CellContent } from './grid-cell.tsx';
import { headerLabel, placeText } from './labels.ts';
import { type Pair, samePlace } from './navigation.ts';

/** Pixels of the header row: a run says more of itself than an epoch. */
const headHeights = { epoch: 52, prompt: 52, seed: 36, run: 68 } as const;
/** Before the window has told its size. */
const assumed = { width: 1100, height: 700 };

export interface CellInSight {
  readonly rows: Range;
  readonly columns: Range;
}

/** The comparison laid out: headers that stay, pictures of one size under one zoom, only those in sight drawn. */
export function ComparisonGrid({
  book,
  grid,
  columnAxis,
  focus,
  pair,
  cellSize,
  aspect,
  pixels,
  zoom,
  isReady,
  onFocus,
  onOpen,
  onPick,
  onSight,
}: {
  book: Book;
  grid: Grid;
  /** Which axis goes across. */
  columnAxis: Axis;
  focus: { readonly row: number; readonly column: number };
  pair: Pair | null;
  /** Width in pixels; null: as the columns fit. */
  cellSize: number | null;
  /** Width by height of the pictures. */
  aspect: number;
  /** Width of the pictures in their own pixels. */
  pixels: number;
  zoom: ZoomStore;
  isReady: (sample: Sample) => boolean;
  onFocus: (row: number, column: number) => void;
  onOpen: (row: number, column: number) => void;
  onPick: (row: number, column: number) => void;
  onSight: (sight: CellInSight) => void;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const size = useElementSize<HTMLDivElement>();
  const area = useZoomArea(zoom, 'with-ctrl');
  const ref = useMergedRef(scroller, size.ref, area);
  const scale = useScale(zoom);
  const [scrolled, setScrolled] = useState({ left: 0, top: 0 });

  const width = size.width || assumed.width;
  const height = size.height || assumed.height;
  const labels = labelWidth(width);
  const headHeight = headHeights[columnAxis];
  const cellWidth =
    cellSize ??
    fittingCell(
      { width: width - labels, height: height - headHeight },
      grid.columns.length,
      grid.rows.length,
      aspect,
    );
  const cellHeight = Math.round(cellWidth / aspect);
  const [across, down] = [cellWidth + cellGap, Math.max(64, cellHeight) + cellGap];
  const columns = rangeInSight(scrolled.left, width - labels, across, grid.columns.length);
  const rows = rangeInSight(scrolled.top, height - headHeight, down, grid.rows.length);

  const sightKey = `${rows.first} ${rows.end} ${columns.first} ${columns.end}`;
  useEffect(() => {
    const [firstRow = 0, endRow = 0, firstColumn = 0, endColumn = 0] = sightKey.split(' ').map(Number);
    onSight({ rows: { first: firstRow, end: endRow }, columns: { first: firstColumn, end: endColumn } });
  }, [sightKey, onSight]);

  // The cell in focus is brought into sight, by hand: only the cells in sight are there to scroll to.
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const [left, top] = [focus.column * across, focus.row * down];
    element.scrollTop = scrollToShow(element.scrollTop, height - headHeight, top, top + down);
    element.scrollLeft = scrollToShow(element.scrollLeft, width - labels, left, left + across);
  }, [focus.row, focus.column, across, down, width, height, labels, headHeight]);

  const pixelated = showsPixels(cellWidth, scale, pixels);
  const indexes = ({ first, end }: Range) => Array.from({ length: end - first }, (_, index) => first + index);

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
      style={{ '--labels': `${labels}px`, '--head': `${headHeight}px` } as CSSProperties}
      onScroll={({ currentTarget: { scrollLeft, scrollTop } }) => {
        setScrolled({ left: scrollLeft, top: scrollTop });
      }}
    >
      <div
        className={classes.inner}
        style={{
          width: labels + grid.columns.length * across,
          height: headHeight + grid.rows.length * down,
        }}
      >
        <div className={classes.head} role="row" aria-rowindex={1}>
          <span className={classes.corner} role="columnheader" aria-label="Rows" />
          {indexes(columns).map((column) => (
            <div
              key={column}
              role="columnheader"
              aria-colindex={column + 2}
              className={classes.columnHead}
              data-here={column === focus.column || undefined}
              style={{ left: labels + column * across, width: cellWidth }}
            >
              <HeadText book={book} header={grid.columns[column]!} standing={grid.standing} />
            </div>
          ))}
        </div>
        {indexes(rows).map((row) => (
          <div
            key={row}
            role="row"
            aria-rowindex={row + 2}
            className={classes.row}
            style={{ top: headHeight + row * down, height: down }}
          >
            <div
              className={classes.rowHead}
              role="rowheader"
              data-here={row === focus.row || undefined}
              style={{ height: down - cellGap }}
            >
              <HeadText book={book} header={grid.rows[row]!} standing={grid.standing} />
            </div>
            {indexes(columns).map((column) => {
              const cell = grid.cellAt(row, column);
              const place = grid.placeAt(row, column);
              return (
                <div
                  key={column}
                  id={`cell-${row}-${column}`}
                  role="gridcell"
                  aria-colindex={column + 2}
                  aria-selected={row === focus.row && column === focus.column}
                  className={classes.cell}
                  data-kind={cell.kind}
                  data-zoom-frame={cell.kind === 'ready' || cell.kind === 'held-out' ? '' : undefined}
                  data-pick={place === null ? undefined : pickMark(pair, place)}
                  style={{ left: labels + column * across, width: cellWidth, height: cellHeight }}
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
            })}
          </div>
        ))}
      </div>
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
