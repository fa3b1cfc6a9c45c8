import { type DataArray, endToEnd } from '../graph/data-type.ts';
import type { PictureOrigin } from '../images/picture-origin.ts';
import type { Conditioning } from './family.ts';

/** What the denoiser is told of the pictures of a batch, a row each. */
export function pictureFacts(
  { facts, factsOf }: Pick<Conditioning, 'facts' | 'factsOf'>,
  pictures: readonly PictureOrigin[],
): Record<string, DataArray> {
  const told = pictures.map(factsOf);
  return Object.fromEntries(
    Object.entries(facts).map(([name, { type }]) => [
      name,
      endToEnd(
        type,
        told.map((row) => row[name]!),
      ),
    ]),
  );
}
