/** The sides a cell may have, in pixels; a slider goes through them. */
export const smallestCell = 72;
export const largestCell = 768;
export const cellGap = 8;

/** No larger by itself, unless all rows are seen at once: then as large as they can be. */
const comfortable = 320;
/** On a large screen that is more: as much of its height, so that two rows fill it. */
const comfortablePart = 0.45;

/** The width of a cell that lets all columns stand side by side in the room there is; whole pixels. */
export function fittingCell(
  room: { readonly width: number; readonly height: number },
  columns: number,
  rows: number,
  aspect: number,
): number {
  const across = Math.floor((room.width - cellGap) / Math.max(1, columns)) - cellGap;
  const down = Math.floor((room.height - cellGap) / Math.max(1, rows)) - cellGap;
  const part = Math.floor(room.height * comfortablePart * aspect);
  const usual = Math.min(largestCell, Math.max(comfortable, part));
  return Math.max(96, Math.min(across, Math.max(usual, Math.floor(down * aspect))));
}

/** Pixels that row labels get beside a grid so wide: enough for a prompt, never more than a fifth. */
export function labelWidth(width: number): number {
  return Math.round(Math.max(168, Math.min(280, width * 0.17)));
}
