import type { Failure } from '../../native/failure.ts';
import type { MetadataRecord } from './files/metadata-rows.ts';

export interface CaptionCandidate {
  /** `sidecar`: a `.caption` or `.txt` file beside the image. */
  readonly source: 'sidecar' | 'metadata' | 'class tokens';
  /** Several are alternatives; an empty one is the unconditional caption. */
  readonly texts: readonly string[];
}

export interface DatasetImage {
  /** Path relative to the data set's folder, with forward slashes. */
  readonly id: string;
  readonly path: string;
  /** Pixels, after EXIF rotation. */
  readonly width: number;
  readonly height: number;
  /**
   * What templates can say: a metadata file's columns, the fields of the file name pattern, and always `file` (name
   * without extension) and, below the top, `folder` (its folder's name). Columns win over the rest.
   */
  readonly metadata: MetadataRecord;
  /** Captions that came with the image, best first. */
  readonly candidates: readonly CaptionCandidate[];
  /** How often an epoch shows it: the number in front of a kohya folder's name, else 1. */
  readonly repeats: number;
}

export interface DatasetProblem {
  /** The image's or metadata file's path relative to the folder. */
  readonly file: string;
  readonly failure: Failure;
}
