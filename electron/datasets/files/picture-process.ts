/**
 * Entry of the process that decodes pictures. Files come from anywhere, and decoders are native code: one that makes them
 * crash or fill the memory ends this process and nothing else.
 */
import { writeFileSync } from 'node:fs';

import { Failure, messageOf } from '../../../native/failure.ts';
import { convertToWebp } from '../../../native/images/decode.ts';
import { writeView } from '../../../native/images/image-views.ts';
import { readPictureFile } from './picture-file.ts';
import { type FromPictures, tooMuchMemory, type ToPictures } from './picture-messages.ts';

/** The part of Electron's `process.parentPort` that is used. */
interface UtilityPort {
  on(event: 'message', listener: (message: { readonly data: unknown }) => void): unknown;
  postMessage(message: unknown): void;
}

const everyMilliseconds = 50;

const { parentPort } = process as { readonly parentPort?: UtilityPort };
const send = (message: FromPictures): void => {
  if (parentPort !== undefined) parentPort.postMessage(message);
  else if (process.connected) process.send?.(message);
};

async function answer(request: ToPictures): Promise<void> {
  const { id } = request;
  try {
    let picture = null;
    if (request.kind === 'read') picture = await readPictureFile(request.path, request.thumbnail);
    else if (request.kind === 'view') await writeView(request.view, request.output);
    else await convertToWebp(request.path, request.output);
    send({ kind: 'done', id, picture });
  } catch (error) {
    if (error instanceof Failure) {
      const { code, message, hint } = error;
      send({ kind: 'failed', id, code, message, hint });
    } else {
      const { code = null } = error as NodeJS.ErrnoException;
      send({ kind: 'broken', id, message: messageOf(error), code });
    }
  }
}

/** Where memory runs out, Linux ends this process before others. */
function offerItself(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Other systems have no such thing.
  }
}

/** Decoders work in threads of their own, so that this is seen while they do. */
function watchMemory(mostBytes: number): void {
  setInterval(() => {
    if (process.memoryUsage.rss() > mostBytes) process.exit(tooMuchMemory);
  }, everyMilliseconds);
}

offerItself();
watchMemory(Number(process.argv[2] ?? Infinity));
// A terminal sends Ctrl-C to the studio and to this process alike; the studio decides what it means.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
if (parentPort !== undefined) {
  parentPort.on('message', ({ data }) => void answer(data as ToPictures));
} else process.on('message', (message) => void answer(message as ToPictures));
send({ kind: 'ready' });
