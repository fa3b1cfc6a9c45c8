import { colorDifference } from '../files/perceptual-hash.ts';
import { hammingIndex } from './hamming-index.ts';

export interface HashedImage {
  readonly id: number;
  readonly contentHash: string;
  readonly perceptualHash: Uint8Array;
}

export interface LikeImages {
  /** Exact: byte for byte the same file. */
  readonly kind: 'exact' | 'near';
  /** Differing bits of 64, from the group's first image; the largest. */
  readonly distance: number;
  readonly ids: readonly number[];
}

/** Of 255: what scaling and compressing changes of average colours stays far below, another colouring does not. */
const sameColors = 24;

/**
 * Groups of equal and alike images, largest first; no image is in two. Each group gathers around its first image, so that
 * a chain of small differences does not join what looks different.
 * @param images in the order in which groups begin
 * @param distance bits of the perceptual hash, 0 to 16
 * @param pause called now and then, to let others have their turn
 */
export async function findDuplicates(
  images: readonly HashedImage[],
  distance: number,
  pause: () => Promise<void>,
): Promise<readonly LikeImages[]> {
  const contents = new Map<string, HashedImage[]>();
  for (const image of images) {
    const same = contents.get(image.contentHash);
    if (same === undefined) contents.set(image.contentHash, [image]);
    else same.push(image);
  }
  const looks = new Map<bigint, HashedImage[]>();
  for (const [first] of contents.values()) {
    const look = bitsOf(first!);
    const same = looks.get(look);
    if (same === undefined) looks.set(look, [first!]);
    else same.push(first!);
  }
  const members = [...looks.values()];
  const index = hammingIndex(
    members.map(([first]) => first!.perceptualHash),
    distance,
  );

  const groups: LikeImages[] = [];
  for (let place = 0; place < index.size; place++) {
    // Each of the images that look alike may begin a group: their colours can differ.
    while (members[place]!.length > 0) {
      const leader = members[place]!.shift()!;
      const group = [leader];
      let largest = 0;
      index.near(place, (other, differing) => {
        const rest = members[other]!.filter((image) => {
          if (colorDifference(image.perceptualHash, leader.perceptualHash) > sameColors) return true;
          group.push(image);
          largest = Math.max(largest, differing);
          return false;
        });
        members[other] = rest;
      });
      const ids = group.flatMap(({ contentHash }) => contents.get(contentHash)!.map(({ id }) => id));
      if (ids.length > 1)
        groups.push({ kind: group.length === 1 ? 'exact' : 'near', distance: largest, ids });
    }
    if (place % 256 === 0) await pause();
  }
  return groups.sort((a, b) => b.ids.length - a.ids.length);
}

function bitsOf({ perceptualHash }: HashedImage): bigint {
  return new DataView(perceptualHash.buffer, perceptualHash.byteOffset, 8).getBigUint64(0);
}
