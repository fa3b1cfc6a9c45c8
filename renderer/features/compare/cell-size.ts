/** The sides a cell may have, in pixels; a slider goes through them. */
export const smallestCell = 72;
export const largestCell = 768;
export const cellGap = 8;

/** As large as lets all columns stand side by side, within what is comfortable to judge; whole pixels. */
export function fittingCell(width: number, columns: number): number {
  const room = Math.floor((width - cellGap) / Math.max(1, columns)) - cellGap;
  return Math.max(96, Math.min(320, room));
}

/** Pixels that row labels get beside a grid so wide: enough for a prompt, never more than a fifth. */
export function labelWidth(width: number): number {
  return Math.round(Math.max(168, Math.min(280, width * 0.17)));
}
