import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import { z } from 'zod';

export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const stateSchema = z.object({
  /** Null: wherever the platform puts it. */
  x: z.int().nullable(),
  y: z.int().nullable(),
  width: z.int().min(1),
  height: z.int().min(1),
  maximized: z.boolean(),
});
export type WindowState = z.output<typeof stateSchema>;

const usual: WindowState = { x: null, y: null, width: 1440, height: 900, maximized: false };
/** So much of a window must be on a screen for it to be found and moved. */
const visible = 120;

/** Where the window was left, or a usual size; brought to where it can be seen, for screens come and go. */
export function fitWindow(stored: unknown, screens: readonly Area[]): WindowState {
  const parsed = stateSchema.safeParse(stored);
  const state = parsed.success ? parsed.data : usual;
  const { x, y } = state;
  const on = x === null || y === null ? null : screens.find((screen) => overlaps({ ...state, x, y }, screen));
  const screen = on ?? screens[0] ?? { x: 0, y: 0, width: usual.width, height: usual.height };
  const width = Math.min(state.width, screen.width);
  const height = Math.min(state.height, screen.height);
  return on === null || on === undefined
    ? { ...state, x: null, y: null, width, height }
    : { ...state, width, height };
}

function overlaps(window: Area, screen: Area): boolean {
  const wide = Math.min(window.x + window.width, screen.x + screen.width) - Math.max(window.x, screen.x);
  const high = Math.min(window.y + window.height, screen.y + screen.height) - Math.max(window.y, screen.y);
  return wide >= visible && high >= visible && window.y >= screen.y;
}

export function readWindowState(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** Losing it costs a person one drag of the mouse: it is written as it is. */
export function writeWindowState(file: string, state: WindowState): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(state));
  } catch {
    // A full disk must not keep the window from closing.
  }
}
