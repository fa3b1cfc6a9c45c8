import { LRUCache } from 'lru-cache';

/** A picture that is loaded and decoded, and what it takes of memory in bytes. */
export interface DecodedPicture {
  readonly bytes: number;
}

/** Resolves when the picture can be drawn without waiting. */
export type LoadPicture = (address: string) => Promise<DecodedPicture>;

export interface PictureCache {
  /** Loads these, the first ones first, and forgets others where memory runs short. Replaces what was wanted before. */
  want(addresses: readonly string[]): void;
  has(address: string): boolean;
}

/**
 * Keeps decoded pictures so that showing one is instantaneous. What is wanted now is kept before what was wanted
 * earlier, and the first ones before the last; together they stay below `budget` bytes. A picture that fails to load is
 * tried again when it is wanted anew.
 */
export function createPictureCache(
  load: LoadPicture,
  { budget = 600e6, atOnce = 6 }: { readonly budget?: number; readonly atOnce?: number } = {},
): PictureCache {
  const kept = new LRUCache<string, DecodedPicture>({
    maxSize: budget,
    sizeCalculation: ({ bytes }) => bytes,
  });
  const loading = new Set<string>();
  let wanted: readonly string[] = [];
  let waiting: string[] = [];

  /** The first ones last, so that they are the last to go. */
  const touchWanted = () => {
    for (const address of wanted.toReversed()) kept.get(address);
  };
  const isFull = () => {
    const bytes = wanted.reduce((sum, address) => sum + (kept.peek(address)?.bytes ?? 0), 0);
    return bytes >= budget;
  };
  const next = () => {
    while (loading.size < atOnce && waiting.length > 0 && !isFull()) {
      const address = waiting.shift()!;
      if (kept.has(address) || loading.has(address)) continue;
      loading.add(address);
      void load(address)
        .then(
          (picture) => {
            kept.set(address, picture);
            touchWanted();
          },
          () => undefined,
        )
        .then(() => {
          loading.delete(address);
          next();
        });
    }
  };
  return {
    want: (addresses) => {
      wanted = addresses;
      waiting = addresses.filter((address) => !kept.has(address));
      touchWanted();
      next();
    },
    has: (address) => kept.has(address),
  };
}

/** Loads with the browser, which keeps what an image element holds decoded as long as somebody holds the element. */
export async function loadInBrowser(
  address: string,
): Promise<DecodedPicture & { readonly image: HTMLImageElement }> {
  const image = new Image();
  image.decoding = 'async';
  image.src = address;
  await image.decode();
  return { image, bytes: image.naturalWidth * image.naturalHeight * 4 };
}
