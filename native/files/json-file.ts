import { open } from 'node:fs/promises';

import { Failure, messageOf } from '../failure.ts';

const maxBytes = 64 << 20;

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The text of a small UTF-8 file, or null where there is none. A byte order mark is dropped.
 *
 * @throws Failure `file-unreadable` (also above 64 MiB, which no such file has)
 */
export async function readTextFile(path: string): Promise<string | null> {
  const refuse = (reason: string, cause?: unknown): Failure =>
    new Failure(
      'file-unreadable',
      `Could not read ${path}: ${reason}`,
      'Check the file, or get it again from where it came from.',
      cause,
    );
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size > maxBytes) throw refuse(`it has ${size} bytes, far more than such a file should`);
      return new TextDecoder('utf-8', { fatal: true }).decode(await file.readFile());
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw refuse(messageOf(error), error);
  }
}

/**
 * The JSON object in a small file, or null where there is no file.
 *
 * @throws Failure `file-unreadable`, `json-invalid`
 */
export async function readJsonObject(path: string): Promise<JsonObject | null> {
  const text = await readTextFile(path);
  if (text === null) return null;
  const refuse = (what: string, cause?: unknown): Failure =>
    new Failure('json-invalid', `${path} ${what}`, 'Get the file again from where it came from.', cause);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse('is not valid JSON', error);
  }
  if (!isJsonObject(value)) throw refuse('does not hold a JSON object');
  return value;
}
