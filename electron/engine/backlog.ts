import type { Device, Place } from './device.ts';
import type { Engine } from './engine.ts';

/** Work for the engine that waits in the library, such as pictures to be made. */
export interface Backlog {
  /** There may be something to do. */
  readonly wake: () => void;
  /** Takes up nothing more. Resolves when what is under way has ended. */
  readonly close: () => Promise<void>;
}

export interface BacklogWork<Piece> {
  readonly device: Device;
  /** Asked each time the device is, so that a change of mind counts. */
  readonly place: () => Place;
  /** Called when work begins: what an earlier end left half-done is put in order. */
  readonly takeUp: () => void;
  /** As much as one engine does at a time; null where nothing waits. */
  readonly next: () => Piece | null;
  /** Does it, so that it does not wait any more. What it throws ends the work until the backlog is woken again. */
  readonly work: (piece: Piece, engine: Engine) => Promise<void>;
  /** The work ended with what was thrown; it is not done anew by itself. */
  readonly onFault: (error: unknown) => void;
}

/** Does what waits, one piece after the other, until nothing waits; then it sleeps until it is woken. */
export function createBacklog<Piece>(deps: BacklogWork<Piece>): Backlog {
  const { device, next } = deps;
  let working: Promise<void> | null = null;
  /** How often it was woken: what comes while it is going to sleep is not overlooked. */
  let wakes = 0;
  let closed = false;

  const workAll = async (engine: Engine): Promise<void> => {
    for (let piece = next(); piece !== null && !closed; piece = next()) await deps.work(piece, engine);
  };
  const workWhileWoken = async (): Promise<void> => {
    deps.takeUp();
    for (let seen = -1; seen !== wakes && !closed;) {
      seen = wakes;
      if (next() !== null) await device.borrow(deps.place(), workAll);
    }
  };
  const wake = (): void => {
    wakes += 1;
    if (closed) return;
    const before = wakes;
    working ??= workWhileWoken()
      .catch(deps.onFault)
      .finally(() => {
        working = null;
        if (wakes !== before && next() !== null) wake();
      });
  };
  return {
    wake,
    close: async () => {
      closed = true;
      await working;
    },
  };
}
