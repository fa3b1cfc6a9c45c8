import { Failure } from '../../native/failure.ts';
import type { PictureCaption } from '../../native/jobs.ts';
import type { DeviceChoice } from '../../native/runtime/runtime.ts';
import { failureData } from '../contract/failure-data.ts';
import type {
  CaptionedImage,
  CaptioningRecord,
  CaptioningRecords,
} from '../datasets/captions/captioning-records.ts';
import type { Engine } from '../engine/engine.ts';
import type { CaptionerRecords } from './captioner-records.ts';

export interface CaptionSomeDeps {
  readonly captioners: CaptionerRecords;
  readonly captioning: CaptioningRecords;
  readonly captionsChanged: (datasetId: number) => void;
  readonly deviceChoice: () => DeviceChoice;
}

export interface CaptionSomeOptions {
  readonly stop: AbortSignal;
  /** So many images more have their captions, which are in the database. */
  readonly onWritten: (images: number) => void;
}

/** Images of one engine: enough that loading the model is worth it, few enough for one message. */
const chunkSize = 2000;
/** Pages ask for captions anew that often while they come, at most. */
const tellEvery = 1000;

/** Has one engine caption what is left of a set, or much of it; each few captions are in the database when they are told. */
export async function captionSome(
  { captioners, captioning, captionsChanged, deviceChoice }: CaptionSomeDeps,
  { captionSetId, datasetId, captionerId, options }: CaptioningRecord,
  engine: Engine,
  { stop, onWritten }: CaptionSomeOptions,
): Promise<void> {
  const images = captioning.pending(captionSetId, chunkSize);
  let told = -Infinity;
  await engine.run(
    {
      kind: 'caption',
      model: captioners.get(captionerId).folder,
      options,
      pictures: images.map(({ path }) => path),
      device: deviceChoice(),
    },
    {
      stop,
      onEvent: (event) => {
        if (event.type !== 'captions') return;
        captioning.write(
          captionSetId,
          event.captions.map((one) => captionedImage(images, one)),
        );
        onWritten(event.captions.length);
        if (performance.now() - told < tellEvery) return;
        told = performance.now();
        captionsChanged(datasetId);
      },
    },
  );
}

function captionedImage(
  images: readonly { readonly imageId: number }[],
  caption: PictureCaption,
): CaptionedImage {
  const { imageId } = images[caption.index]!;
  if ('text' in caption) return { imageId, text: caption.text };
  const { message, hint } = caption.failure;
  return { imageId, failure: failureData(new Failure('image-unreadable', message, hint)) };
}
