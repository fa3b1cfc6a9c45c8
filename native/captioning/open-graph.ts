import { stat } from 'node:fs/promises';

import { Failure } from '../failure.ts';
import { obstacleOf } from '../files/obstacle.ts';
import type { Runtime, Session } from '../runtime/runtime.ts';

/**
 * A graph of a captioning model, which others made, so that it is the file that is looked at first where it does not open.
 * @throws Failure `captioner-unreadable`, `out-of-memory`
 */
export async function openGraph(runtime: Runtime, path: string): Promise<Session> {
  const info = await stat(path).catch((error: unknown) => {
    const { reason, hint } = obstacleOf(error) ?? {
      reason: 'it could not be read from the disk',
      hint: again,
    };
    throw new Failure('captioner-unreadable', `${path} cannot be opened: ${reason}.`, hint, error);
  });
  if (!info.isFile()) throw unreadable(path, 'it is no file.');
  try {
    return await runtime.createSession(path);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'graph-refused') throw error;
    throw unreadable(path, error.message, error);
  }
}

const again =
  'Get the file again from the page that the model is published on, with what lies beside it there. If it is whole, try another device.';

function unreadable(path: string, reason: string, cause?: Failure): Failure {
  return new Failure('captioner-unreadable', `${path} cannot be opened: ${reason}`, again, cause);
}
