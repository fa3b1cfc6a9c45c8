import { readFile, stat } from 'node:fs/promises';

import { Failure, messageOf } from '../../../native/failure.ts';
import { obstacleOf } from '../../../native/files/obstacle.ts';
import { bytesText } from '../../contract/quantities.ts';

/** Beyond this a file is no table of captions that could be meant for one training run. */
const maxBytes = 256 * 1024 * 1024;

/**
 * Reads a UTF-8 file, with or without byte order mark; line ends become `\n`.
 * @throws Failure `text-encoding` for UTF-16, UTF-32 and anything else that is not UTF-8; `text-unreadable` for a file
 * that cannot be opened or is absurdly large
 */
export async function readTextFile(path: string): Promise<string> {
  const bytes = await read(path);
  const wide = wideEncoding(bytes);
  if (wide !== null) {
    throw new Failure(
      'text-encoding',
      `${path} is encoded as ${wide}, not UTF-8`,
      `Save it again as UTF-8 ('Encoding' in the editor's 'Save as'), or convert it: iconv -f ${wide} -t UTF-8 old.txt > new.txt`,
    );
  }
  try {
    return decode(bytes).replaceAll('\r\n', '\n').replaceAll('\r', '\n');
  } catch (cause) {
    throw new Failure(
      'text-encoding',
      `${path} is not UTF-8: line ${firstBrokenLine(bytes)} holds bytes that mean nothing in it`,
      "Save it again as UTF-8 ('Encoding' in the editor's 'Save as'), or convert it: iconv -f WINDOWS-1252 -t UTF-8 old.txt > new.txt",
      cause,
    );
  }
}

async function read(path: string): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size > maxBytes) {
      throw new Failure(
        'text-unreadable',
        `${path} is too large to read: it has ${bytesText(size)}, and ${bytesText(maxBytes)} are taken at most`,
        'Leave in it what belongs to these images, or cut it into several files.',
      );
    }
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    const { reason, hint } = obstacleOf(cause) ?? {
      reason: messageOf(cause),
      hint: 'Check that its drive is in order, and read the folder again.',
    };
    throw new Failure('text-unreadable', `${path} cannot be read: ${reason}`, hint, cause);
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

/** By byte order mark, or by zero bytes, which text in UTF-8 does not hold. */
function wideEncoding(bytes: Buffer): string | null {
  const start = bytes.subarray(0, 4).toString('hex');
  if (start === 'fffe0000' || start === '0000feff') return 'UTF-32';
  if (start.startsWith('fffe')) return 'UTF-16LE';
  if (start.startsWith('feff')) return 'UTF-16BE';
  const zero = bytes.indexOf(0);
  if (zero === -1) return null;
  return zero % 2 === 1 ? 'UTF-16LE' : 'UTF-16BE';
}

function firstBrokenLine(bytes: Buffer): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline === -1 ? bytes.length : newline + 1;
    try {
      decode(bytes.subarray(start, end));
    } catch {
      return line;
    }
    start = end;
  }
  return line;
}
