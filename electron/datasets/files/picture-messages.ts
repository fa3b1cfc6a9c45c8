/** What crosses the channel between the studio and the process that decodes pictures; cloned as structured data. */
import type { ImageView } from '../../../native/images/image-views.ts';
import type { PictureFile } from './picture-file.ts';

export type PictureRequest =
  /** Learn what there is to know of a file, and write its thumbnail. */
  | { readonly kind: 'read'; readonly path: string; readonly thumbnail: string }
  /** Write the picture as a WebP. */
  | { readonly kind: 'convert'; readonly path: string; readonly output: string }
  /** Write what training sees of it as a WebP. */
  | { readonly kind: 'view'; readonly path: string; readonly view: ImageView; readonly output: string };

export type ToPictures = PictureRequest & { readonly id: number };

export type FromPictures =
  /** Said once, when requests are heard. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly id: number; readonly picture: PictureFile | null }
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly code: string;
      readonly message: string;
      readonly hint: string;
    }
  /** Something failed that is no fault of the file, as a full disk. */
  | {
      readonly kind: 'broken';
      readonly id: number;
      readonly message: string;
      /** Of the system: `ENOSPC`. */
      readonly code: string | null;
    };

/** How the process ends that holds more memory than it may. */
export const tooMuchMemory = 71;
