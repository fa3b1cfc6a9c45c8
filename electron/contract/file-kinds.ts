import { isModelFile } from '../../native/facts/model-formats.ts';

/** What files are called that may be given instead of images, or beside them. */
export const fileNames = {
  image: /\.(?:png|jpe?g|jfif|webp|bmp|gif|avif|tiff?)$/i,
  /** One name for several compressions, of which AVIF's can be read. */
  heif: /\.(?:heic|heif|hif)$/i,
  jpegXl: /\.jxl$/i,
  raw: /\.(?:dng|cr[23w]|nef|nrw|arw|srf|sr2|orf|rw2|raf|pef|srw|3fr|iiq|x3f|raw)$/i,
  otherPicture: /\.(?:psd|psb|xcf|kra|clip|tga|exr|hdr|ico|qoi|dds|p[bgpn]m|pcx|jp2|j2k|jpx|svgz?|eps|ai)$/i,
  archive: /\.(?:zip|tar|tgz|gz|7z|rar|xz|bz2|zst)$/i,
  table: /\.(?:parquet|arrow|feather|tfrecords?|h5|hdf5|sqlite|db|xlsx?|ods)$/i,
  video: /\.(?:mp4|m4v|mov|webm|mkv|avi|mpe?g|wmv)$/i,
  text: /\.(?:txt|text|md|captions?|log|jsonl?|csv|tsv|ya?ml|toml|xml|html?)$/i,
} as const;

/** Whether a file of this name is taken for an image. */
export function isImageName(name: string): boolean {
  return fileNames.image.test(name) || fileNames.heif.test(name);
}

/** Whether a file of this name is an archive that can be unpacked here. */
export const isZipName = (name: string): boolean => /\.zip$/i.test(name);

/** What a file that is no image is, by its name. */
export type OtherKind = 'model' | 'archive' | 'video' | 'picture' | 'table' | 'text' | 'other';

export function otherKindOf(name: string): OtherKind {
  // By its name alone, a .bin may be anything.
  if (isModelFile(name) && !/\.bin$/i.test(name)) return 'model';
  if (fileNames.archive.test(name)) return 'archive';
  if (fileNames.video.test(name)) return 'video';
  if ([fileNames.jpegXl, fileNames.raw, fileNames.otherPicture].some((one) => one.test(name)))
    return 'picture';
  if (fileNames.table.test(name)) return 'table';
  return fileNames.text.test(name) ? 'text' : 'other';
}
