import { open } from 'node:fs/promises';

import { Failure, messageOf } from '../failure.ts';
import { obstacleOf, systemCode } from './obstacle.ts';

const maxBytes = 64 << 20;

const anew = 'Get the file again from where it came from.';

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
  const refuse = (reason: string, hint = anew, cause?: unknown): Failure =>
    new Failure('file-unreadable', `Could not read ${path}: ${reason}`, hint, cause);
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size > maxBytes)
        throw refuse(
          `it has ${size} bytes, far more than such a file should`,
          'It must be another file of that name: get the right one from where the model came from.',
        );
      return new TextDecoder('utf-8', { fatal: true }).decode(await file.readFile());
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (systemCode(error) === 'ENOENT') return null;
    const obstacle = obstacleOf(error);
    if (obstacle !== null) throw refuse(obstacle.reason, obstacle.hint, error);
    throw refuse(error instanceof TypeError ? 'it is not text in UTF-8' : messageOf(error), anew, error);
  }
}

/** Stands for a number that is none while JSON is read; no text of a config is this one. */
const noNumber = '\u0000no number';

/**
 * JSON as Python writes it, which has NaN and infinities where JSON has no word for them; fields that are such are left out, so
 * that their defaults count.
 *
 * @throws SyntaxError
 */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const words = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g;
    const replaced = text.replace(words, (word) => (word.startsWith('"') ? word : JSON.stringify(noNumber)));
    if (replaced === text) throw error;
    return JSON.parse(replaced, (_, value: unknown) => (value === noNumber ? undefined : value));
  }
}

/**
 * The JSON object in a small file, or null where there is no file. Numbers that are none, as Python may write, are left out.
 *
 * @throws Failure `file-unreadable`, `json-invalid`
 */
export async function readJsonObject(path: string): Promise<JsonObject | null> {
  const text = await readTextFile(path);
  if (text === null) return null;
  const refuse = (what: string, cause?: unknown): Failure =>
    new Failure('json-invalid', `${path} ${what}`, anew, cause);
  let value: unknown;
  try {
    value = parsePythonJson(text);
  } catch (error) {
    throw refuse(text.trim() === '' ? 'is empty' : 'is not valid JSON', error);
  }
  if (!isJsonObject(value)) throw refuse('does not hold a JSON object');
  return value;
}
