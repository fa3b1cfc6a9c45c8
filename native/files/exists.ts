import { stat } from 'node:fs/promises';

/** Whether there is anything at the path. */
export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
