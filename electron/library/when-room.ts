import { statfs } from 'node:fs/promises';

/** Enough to write something worth mentioning: with less, the next failure would follow at once. */
const roomEnough = 8 * 1024 * 1024;

/**
 * Calls back once when there is room again on the disk of a folder, looking now and then: what could not be written is
 * tried again without anybody asking for it. Keeps no program alive.
 * @param every milliseconds
 * @returns what ends the waiting
 */
export function whenRoom(folder: string, act: () => void, every = 1500): () => void {
  let ended = false;
  const timer = setInterval(() => {
    statfs(folder).then(
      ({ bavail, bsize }) => {
        if (ended || bavail * bsize < roomEnough) return;
        end();
        act();
      },
      // A drive that is away may come back.
      () => undefined,
    );
  }, every).unref();
  const end = () => {
    ended = true;
    clearInterval(timer);
  };
  return end;
}
