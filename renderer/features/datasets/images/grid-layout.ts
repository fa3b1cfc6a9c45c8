/** How tiles lie in a grid, in CSS pixels. */
export interface GridLayout {
  readonly columns: number;
  readonly rows: number;
  /** Side of the square a picture stands in. */
  readonly tile: number;
  /** Of one row, the gap below it included. */
  readonly rowHeight: number;
}

export const gap = 8;
/** Below each picture, where it is large enough for words: two lines. */
const captionHeight = 36;
const smallestWithCaption = 120;

/** Chromium lays nothing out beyond 2^25 px. */
const tallest = 33_000_000;

export function showsCaption(tile: number): boolean {
  return tile >= smallestWithCaption;
}

/**
 * As many columns of about `wanted` px as fit, filling the width. Very many images get more columns than wanted,
 * so that the grid does not grow taller than a browser can make it.
 */
export function gridLayout({
  width,
  count,
  wanted,
}: {
  readonly width: number;
  readonly count: number;
  readonly wanted: number;
}): GridLayout {
  for (let columns = Math.max(1, Math.floor((width + gap) / (wanted + gap))); ; columns += 1) {
    const tile = Math.max(1, Math.floor((width + gap) / columns - gap));
    const rowHeight = tile + gap + (showsCaption(tile) ? captionHeight : 0);
    const rows = Math.ceil(count / columns);
    if (rows * rowHeight <= tallest || tile <= 24) return { columns, rows, tile, rowHeight };
  }
}

/** Images are asked for in pages of this many. */
export const pageSize = 120;

/** First rows of the pages that the images from `first` to `last` lie on: one or two. */
export function pagesOf(first: number, last: number): { readonly first: number; readonly last: number } {
  const pageOf = (position: number) => Math.floor(position / pageSize) * pageSize;
  return { first: pageOf(first), last: pageOf(last) };
}
