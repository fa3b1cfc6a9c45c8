import { whenRoom } from './when-room.ts';

/** What waits for room on the disk, by number: each thing once, whatever it was told last. */
export interface RoomWaits {
  readonly wait: (id: number, act: () => void) => void;
  readonly stop: (id: number) => void;
  readonly stopAll: () => void;
}

export function createRoomWaits(folder: string): RoomWaits {
  /** Ends of the waiting. */
  const ends = new Map<number, () => void>();
  const stop = (id: number) => {
    ends.get(id)?.();
    ends.delete(id);
  };
  return {
    wait: (id, act) => {
      stop(id);
      const end = whenRoom(folder, () => {
        ends.delete(id);
        act();
      });
      ends.set(id, end);
    },
    stop,
    stopAll: () => {
      for (const id of [...ends.keys()]) stop(id);
    },
  };
}
