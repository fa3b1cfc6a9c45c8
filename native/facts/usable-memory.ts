/** The rest is for the system and its pictures on the screen. */
const usableShare = 0.95;

/** Whether a machine or card of so much memory has room for a training step; both in bytes. */
export function fitsInto(step: number, memory: number): boolean {
  return step <= usableShare * memory;
}
