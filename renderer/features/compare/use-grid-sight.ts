import { useElementSize } from '@mantine/hooks';
import { type Range, type Rect, useVirtualizer, type VirtualItem } from '@tanstack/react-virtual';
import { type RefCallback, type RefObject, useEffect, useLayoutEffect, useRef } from 'react';

import type { Axis } from '../../../electron/contract/gallery.ts';
import { observeSize } from '../../components/observe-size.ts';
import { cellGap, fittingCell, labelWidth } from './cell-size.ts';
import type { Grid } from './grid.ts';

/** Pixels of the header row: a run says more of itself than an epoch. */
const headHeights = { epoch: 52, prompt: 52, seed: 36, run: 68 } as const;
/** Before the window has told its size. */
const assumed: Rect = { width: 1100, height: 700 };
const observeElementRect = observeSize(assumed);
/** What a scrollbar takes is no room for cells. */
const withoutScrollbar: ResizeObserverOptions = { box: 'content-box' };

/** The rows and columns that are drawn, by their first and last index. */
export interface CellsInSight {
  readonly rows: Pick<Range, 'startIndex' | 'endIndex'>;
  readonly columns: Pick<Range, 'startIndex' | 'endIndex'>;
}

export interface GridSight {
  readonly scroller: RefObject<HTMLDivElement | null>;
  /** Belongs to the scroller too. */
  readonly measure: RefCallback<HTMLDivElement>;
  readonly labels: number;
  readonly headHeight: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
  /** From one row to the next. */
  readonly down: number;
  /** Of everything, in sight or not. */
  readonly whole: Rect;
  readonly rows: readonly VirtualItem[];
  readonly columns: readonly VirtualItem[];
}

/** How large cells are, which of them are in sight, and the one in focus brought there. */
export function useGridSight({
  grid,
  columnAxis,
  focus,
  cellSize,
  aspect,
  onSight,
}: {
  readonly grid: Grid;
  readonly columnAxis: Axis;
  readonly focus: { readonly row: number; readonly column: number };
  /** Width in pixels; null: as the columns fit. */
  readonly cellSize: number | null;
  readonly aspect: number;
  readonly onSight: (sight: CellsInSight) => void;
}): GridSight {
  const scroller = useRef<HTMLDivElement>(null);
  const { ref: measure, ...size } = useElementSize<HTMLDivElement>(withoutScrollbar);
  const width = size.width || assumed.width;
  const height = size.height || assumed.height;
  const labels = labelWidth(width);
  const headHeight = headHeights[columnAxis];
  const room = { width: width - labels, height: height - headHeight };
  const cellWidth = cellSize ?? fittingCell(room, grid.columns.length, grid.rows.length, aspect);
  const cellHeight = Math.round(cellWidth / aspect);
  const [across, down] = [cellWidth + cellGap, Math.max(64, cellHeight) + cellGap];

  const shared = {
    getScrollElement: () => scroller.current,
    observeElementRect,
    overscan: 1,
    useFlushSync: false,
  };
  // Headers stay in sight over the cells: what is scrolled to must come out from under them.
  const rows = useVirtualizer({
    ...shared,
    count: grid.rows.length,
    estimateSize: () => down,
    paddingStart: headHeight,
    scrollPaddingStart: headHeight,
  });
  const columns = useVirtualizer({
    ...shared,
    horizontal: true,
    count: grid.columns.length,
    estimateSize: () => across,
    paddingStart: labels,
    scrollPaddingStart: labels,
  });
  useLayoutEffect(() => {
    rows.measure();
    columns.measure();
  }, [rows, columns, down, across, labels, headHeight]);
  useLayoutEffect(() => {
    // Of a cell larger than the view the beginning is shown.
    rows.scrollToIndex(focus.row, { align: down > room.height ? 'start' : 'auto' });
    columns.scrollToIndex(focus.column, { align: across > room.width ? 'start' : 'auto' });
  }, [rows, columns, focus.row, focus.column, across, down, room.width, room.height]);

  const [rowItems, columnItems] = [rows.getVirtualItems(), columns.getVirtualItems()];
  useSightTold(rowItems, columnItems, onSight);
  return {
    scroller,
    measure,
    labels,
    headHeight,
    cellWidth,
    cellHeight,
    down,
    whole: { width: columns.getTotalSize(), height: rows.getTotalSize() },
    rows: rowItems,
    columns: columnItems,
  };
}

/** Tells which cells are in sight whenever they are others. */
function useSightTold(
  rows: readonly VirtualItem[],
  columns: readonly VirtualItem[],
  onSight: (sight: CellsInSight) => void,
): void {
  const ends = [rows[0], rows.at(-1), columns[0], columns.at(-1)].map((item) => item?.index ?? -1);
  const [firstRow = -1, lastRow = -1, firstColumn = -1, lastColumn = -1] = ends;
  useEffect(() => {
    if (firstRow < 0 || firstColumn < 0) return;
    onSight({
      rows: { startIndex: firstRow, endIndex: lastRow },
      columns: { startIndex: firstColumn, endIndex: lastColumn },
    });
  }, [firstRow, lastRow, firstColumn, lastColumn, onSight]);
}
