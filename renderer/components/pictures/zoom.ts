/**
 * Which part of a picture is shown, the same for every picture whatever its size: `scale` times enlarged, the left
 * and upper edge of what is seen at `x` and `y` as fractions of the picture. At scale 1 all of it is seen.
 */
export interface Zoom {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export const unzoomed: Zoom = { scale: 1, x: 0, y: 0 };
export const maxScale = 32;

/** Enlarges by `factor` so that the point under the pointer stays there. `px`, `py`: the pointer as fractions of the frame. */
export function zoomAt(zoom: Zoom, factor: number, px: number, py: number): Zoom {
  const scale = Math.min(maxScale, Math.max(1, zoom.scale * factor));
  return clamped({
    scale,
    x: zoom.x + px / zoom.scale - px / scale,
    y: zoom.y + py / zoom.scale - py / scale,
  });
}

/** Moves the picture with the pointer. `dx`, `dy`: the pointer's way as fractions of the frame. */
export function pan(zoom: Zoom, dx: number, dy: number): Zoom {
  return clamped({ scale: zoom.scale, x: zoom.x - dx / zoom.scale, y: zoom.y - dy / zoom.scale });
}

/** What a turn of the wheel enlarges by; `delta` in pixels, as the browser reports it. */
export function wheelFactor(delta: number): number {
  return Math.exp(-Math.min(240, Math.max(-240, delta)) * 0.0035);
}

/** As CSS, for an element that fills its frame, with its origin in the upper left corner. */
export function zoomTransform({ scale, x, y }: Zoom): string {
  return scale === 1 ? 'none' : `scale(${scale}) translate(${-x * 100}%, ${-y * 100}%)`;
}

/**
 * Whether a picture of so many pixels is enlarged so far that its pixels can be told apart. Whether they then have hard edges
 * is a setting: nearer its size, hard edges make some pixels wider than others.
 */
export function showsPixels(frame: number, scale: number, pixels: number): boolean {
  return frame * scale >= 2 * pixels;
}

function clamped({ scale, x, y }: Zoom): Zoom {
  const most = 1 - 1 / scale;
  return { scale, x: Math.min(most, Math.max(0, x)), y: Math.min(most, Math.max(0, y)) };
}
