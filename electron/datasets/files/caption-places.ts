import { basename, dirname, join } from 'node:path';

import { isHevcFile } from '../../../native/images/heif.ts';
import { isImageName } from '../../contract/file-kinds.ts';
import { readSidecars } from './caption-sources.ts';
import { assignRoles } from './file-roles.ts';
import type { FoundFile } from './folder-scan.ts';
import { readMetadata } from './metadata.ts';
import { createRowMatcher } from './metadata-match.ts';
import { createSidecarIndex, stemOf } from './sidecar-index.ts';

export interface CaptionPlace {
  /** The path of an image. */
  readonly image: string;
  /** The path of the text file that its caption belongs in. */
  readonly file: string;
  /** Whether it has a caption: in that file, in another, or in metadata. */
  readonly isCaptioned: boolean;
}

/**
 * Where captions of a folder's images are to be written, and which images have one, by the rules of the import. A new caption
 * goes into `fox.txt` for `fox.png`, or into `fox.png.txt` where another image would share the former. A file that is the
 * caption of this image alone, and lies beside it, keeps its name, so that what is written there is what counts.
 * @param root folder that ids are relative to
 */
export async function captionPlaces(
  root: string,
  files: readonly FoundFile[],
): Promise<readonly CaptionPlace[]> {
  const images = files.filter(({ id }) => isImageName(id));
  const others = files.filter(({ id }) => !isImageName(id));
  const roles = await assignRoles(files, ({ path }) => isHevcFile(path));
  const matchRows = createRowMatcher(root, roles.images);
  const imagesNamedBy = createSidecarIndex(images, matchRows);
  const { chosen } = await readSidecars(others, imagesNamedBy);
  const { rows } = await readMetadata(roles.others, matchRows, imagesNamedBy);

  const whole = new Set(images.map(({ id }) => id.toLowerCase()));
  const stems = countEach(images.map(({ id }) => stemOf(id).toLowerCase()));
  const usual = ({ id, path }: FoundFile): string => {
    const stem = stemOf(id).toLowerCase();
    const isShared = stems.get(stem)! > 1 || whole.has(stem);
    const name = basename(path);
    return join(dirname(path), `${isShared ? name : stemOf(name)}.txt`);
  };
  return images.map((image): CaptionPlace => {
    const { id, path } = image;
    const there = chosen.get(id);
    const isOwn =
      there !== undefined && dirname(there.path) === dirname(path) && imagesNamedBy(there.id).length === 1;
    return {
      image: path,
      file: isOwn ? there.path : usual(image),
      isCaptioned: there !== undefined || (rows.get(id)?.captions.length ?? 0) > 0,
    };
  });
}

function countEach(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
