import { stat } from 'node:fs/promises';

/** A file that a domain has for an id. */
export interface MediaSource {
  readonly file: string;
  readonly contentType: string;
}

/** Where pictures come from, by what their paths are called; null where there is none of that id. */
export type MediaSources = Readonly<
  Record<
    'thumbnails' | 'images' | 'masks' | 'samples' | 'exports' | 'proofs',
    (id: number) => Promise<MediaSource | null>
  > & {
    /** Of a model's card, by the picture's number there. */
    cards: (modelId: number, number: number) => Promise<MediaSource | null>;
    /** Of a run's class images, by their number. */
    classImages: (runId: number, number: number) => Promise<MediaSource | null>;
  }
>;

export interface MediaFile extends MediaSource {
  readonly bytes: number;
  /** Another one whenever the file's content is another. */
  readonly etag: string;
}

const mediaPath = /^\/media\/(thumbnails|images|masks|samples|exports|proofs)\/([1-9]\d{0,15})$/;
const cardPath = /^\/media\/cards\/([1-9]\d{0,15})\/(\d{1,3})$/;
const classPath = /^\/media\/class-images\/([1-9]\d{0,15})\/(\d{1,5})$/;

/**
 * The file behind a path of the contract's `mediaPaths`, or null. An id is looked up and nothing of the path is ever
 * made part of a file's name, so there is nothing to climb out of.
 */
export async function resolveMedia(path: string, sources: Partial<MediaSources>): Promise<MediaFile | null> {
  const source = await sourceOf(path, sources);
  if (source === null || source === undefined) return null;
  const status = await stat(source.file, { bigint: true }).catch(() => null);
  if (status?.isFile() !== true) return null;
  const etag = `"${status.size.toString(36)}-${status.mtimeNs.toString(36)}"`;
  return { ...source, bytes: Number(status.size), etag };
}

function sourceOf(path: string, sources: Partial<MediaSources>): Promise<MediaSource | null> | undefined {
  const [, model, number] = cardPath.exec(path) ?? [];
  if (model !== undefined) return sources.cards?.(Number(model), Number(number));
  const [, run, place] = classPath.exec(path) ?? [];
  if (run !== undefined) return sources.classImages?.(Number(run), Number(place));
  const [, kind, id] = mediaPath.exec(path) ?? [];
  return kind === undefined
    ? undefined
    : sources[kind as Exclude<keyof MediaSources, 'cards' | 'classImages'>]?.(Number(id));
}
