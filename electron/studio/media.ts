import { stat } from 'node:fs/promises';

/** A file that a domain has for an id. */
export interface MediaSource {
  readonly file: string;
  readonly contentType: string;
}

/** Where pictures come from, by what their paths are called; null where there is none of that id. */
export type MediaSources = Readonly<
  Record<'thumbnails' | 'images' | 'samples' | 'exports', (id: number) => Promise<MediaSource | null>>
>;

export interface MediaFile extends MediaSource {
  readonly bytes: number;
  /** Another one whenever the file's content is another. */
  readonly etag: string;
}

const mediaPath = /^\/media\/(thumbnails|images|samples|exports)\/([1-9]\d{0,15})$/;

/**
 * The file behind a path of the contract's `mediaPaths`, or null. An id is looked up and nothing of the path is ever
 * made part of a file's name, so there is nothing to climb out of.
 */
export async function resolveMedia(path: string, sources: Partial<MediaSources>): Promise<MediaFile | null> {
  const [, kind, id] = mediaPath.exec(path) ?? [];
  if (kind === undefined || id === undefined) return null;
  const source = await sources[kind as keyof MediaSources]?.(Number(id));
  if (source === null || source === undefined) return null;
  const status = await stat(source.file, { bigint: true }).catch(() => null);
  if (status?.isFile() !== true) return null;
  const etag = `"${status.size.toString(36)}-${status.mtimeNs.toString(36)}"`;
  return { ...source, bytes: Number(status.size), etag };
}
