import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

import { Failure } from '../../native/failure.ts';
import { cardPictures } from '../contract/model-card.ts';
import { shownType } from '../library/shown-type.ts';
import type { ModelRecord } from './model-records.ts';

/**
 * The file of a picture that a model's card shows, by its number there, from 0. Cards are other people's, so only what lies
 * in the model's folder, whatever links it is reached by, and is a picture by its first bytes.
 * @throws Failure `image-unknown`, `image-unreadable`
 */
export async function cardPicture(
  { folder, card }: Pick<ModelRecord, 'folder' | 'card'>,
  number: number,
): Promise<{ readonly file: string; readonly contentType: string }> {
  const name = cardPictures(card ?? '')[number];
  if (name === undefined) throw unknownPicture();
  const [inside, file] = await Promise.all(
    [folder, join(folder, decoded(name))].map((at) => realpath(at)),
  ).catch((cause: unknown) => {
    throw unknownPicture(cause);
  });
  if (!file!.startsWith(inside! + sep)) throw unknownPicture();
  const contentType = await shownType(file!);
  if (contentType === null) throw unknownPicture();
  return { file: file!, contentType };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function unknownPicture(cause?: unknown): Failure {
  return new Failure(
    'image-unknown',
    'The model card has no such picture.',
    'Check that it is in the model’s folder.',
    cause,
  );
}
