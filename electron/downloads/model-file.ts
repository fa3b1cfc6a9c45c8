import { open } from 'node:fs/promises';
import { extname } from 'node:path';

import { Failure } from '../../native/failure.ts';
import { openSafetensors } from '../../native/weights/safetensors.ts';

/** Where a web page may begin after spaces, as most servers write them. */
const pageBegins = /^\uFEFF?\s*<(?:!doctype|!--|\?xml|html|head|body)/i;

/**
 * Holds what came to what a model's file must be, where no sum tells: of a safetensors file the whole header, and that all it
 * lists is there; of any other that it is neither empty nor a web page.
 * @param part what has come of it
 * @param file the name it is to have
 * @throws Failure `download-no-file`
 */
export async function holdToModel(part: string, file: string, host: string): Promise<void> {
  const begins = await beginningOf(part);
  const refuse = (what: string, cause?: unknown) =>
    new Failure(
      'download-no-file',
      `What came from ${host} is no model: ${what}. It was thrown away.`,
      'Check the address: it must be that of the file itself. If it is, the connection may have broken off: try again, or another mirror.',
      cause,
    );
  if (begins === '') throw refuse('it is empty');
  if (pageBegins.test(begins)) throw refuse('it is a web page');
  if (!['.safetensors', '.sft'].includes(extname(file).toLowerCase())) return;
  try {
    await (await openSafetensors(part)).close();
  } catch (error) {
    if (!(error instanceof Failure) || !error.code.startsWith('safetensors-')) throw error;
    const isCut = error.code === 'safetensors-truncated';
    throw refuse(isCut ? 'it is cut short' : 'it is not a valid .safetensors file', error);
  }
}

async function beginningOf(path: string): Promise<string> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(512), 0, 512, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
