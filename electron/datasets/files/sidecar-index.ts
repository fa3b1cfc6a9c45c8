import type { FoundFile } from './folder-scan.ts';
import type { MatchRows } from './metadata-match.ts';

/** How surely a file is about an image: by its whole name, by its name without extension, or by a rule of thumb. */
export interface NamedImage {
  readonly image: string;
  /** The smaller, the surer. */
  readonly distance: number;
}

/** Which images a file is about that lies beside them and is named like them: `fox.txt` or `fox.png.txt` for `fox.png`. */
export type ImagesNamedBy = (file: string) => readonly NamedImage[];

/**
 * Letter case counts where images differ in nothing else. What lies in a folder `captions/` is about images beside or
 * below that folder's place.
 */
export function createSidecarIndex(images: readonly FoundFile[], matchRows: MatchRows): ImagesNamedBy {
  const whole = new Map<string, string[]>();
  const stems = new Map<string, string[]>();
  for (const { id } of images) {
    add(whole, id.toLowerCase(), id);
    add(stems, stemOf(id).toLowerCase(), id);
  }
  return (file) => {
    const base = stemOf(file);
    const named = [
      ...nearest(whole.get(base.toLowerCase()) ?? [], base, (id) => id, 0),
      ...nearest(stems.get(base.toLowerCase()) ?? [], base, stemOf, 1),
    ];
    if (named.length > 0) return named;
    const folder = /^(.*\/)?captions?\//is.exec(file);
    if (folder === null) return [];
    const above = folder[1] ?? '';
    const key = base.slice(folder[0].length);
    const { matches } = matchRows(above, [
      { key },
      ...imageFolders.map((name) => ({ key: `${name}/${key}` })),
    ]);
    const [image] = matches.keys();
    return image === undefined ? [] : [{ image, distance: 4 }];
  };
}

const imageFolders = ['images', 'image', 'imgs', 'img', 'pictures', 'photos'];

/** Of images that are named alike but for letter case: those named exactly so, else all where they differ in nothing. */
function nearest(
  images: readonly string[],
  base: string,
  nameOf: (id: string) => string,
  distance: number,
): readonly NamedImage[] {
  const exact = images.filter((id) => nameOf(id) === base);
  if (exact.length > 0) return exact.map((image) => ({ image, distance }));
  const names = new Set(images.map(nameOf));
  return names.size === 1 ? images.map((image) => ({ image, distance: distance + 2 })) : [];
}

/** A path without its extension. */
export function stemOf(name: string): string {
  return name.replace(/\.[^./]+$/, '');
}

function add(index: Map<string, string[]>, key: string, id: string): void {
  const list = index.get(key);
  if (list === undefined) index.set(key, [id]);
  else list.push(id);
}
