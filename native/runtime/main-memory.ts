import { totalmem } from 'node:os';

/** Bytes of main memory that there are for this program: the machine's, or what a container or service is limited to. */
export function mainMemory(
  machine: number = totalmem(),
  /** 0 where nothing is known, and some systems say a number beyond all memory for no limit. */
  limit: number = process.constrainedMemory(),
): number {
  return limit > 0 ? Math.min(machine, limit) : machine;
}
