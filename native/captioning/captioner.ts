import type { CaptioningOptions } from '../facts/captioning.ts';

/** A picture as a model takes it. */
export type Prepared = Float32Array<ArrayBuffer>;

/** A model that says what is on pictures. */
export interface Captioner {
  /** Pictures that are best given at once. */
  readonly batchSize: number;
  /** @throws Failure `image-unreadable` */
  readonly prepare: (path: string) => Promise<Prepared>;
  /** One caption for each picture, without the trigger's doing twice what a caption has. */
  readonly caption: (pictures: readonly Prepared[], options: CaptioningOptions) => Promise<readonly string[]>;
  readonly dispose: () => Promise<void>;
}
