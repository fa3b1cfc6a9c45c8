/** Pictures asked for at once: a whole number of rows for any usual number of columns. */
export const pageSize = 120;
const smallest = 104;
const gap = 8;

export interface HistoryLayout {
  readonly columns: number;
  /** Side of a cell in pixels. */
  readonly cell: number;
  readonly pages: number;
  /** The gap after a page included. */
  readonly pageHeight: number;
  readonly height: number;
}

/** As many columns as fit that divide a page into whole rows; cells fill the width. */
export function historyLayout(width: number, total: number): HistoryLayout {
  const most = Math.max(1, Math.floor((width + gap) / (smallest + gap)));
  const columns =
    [...Array(most).keys()].map((index) => most - index).find((count) => pageSize % count === 0) ?? 1;
  const cell = Math.floor((width - (columns - 1) * gap) / columns);
  const step = cell + gap;
  return {
    columns,
    cell,
    pages: Math.ceil(total / pageSize),
    pageHeight: (pageSize / columns) * step,
    height: Math.ceil(total / columns) * step,
  };
}
