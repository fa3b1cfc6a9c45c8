import { Failure } from '../../native/failure.ts';
import type { ModelReference, Picture } from '../../native/jobs.ts';
import type { DeviceChoice } from '../../native/runtime/runtime.ts';
import type { Engine } from '../engine/engine.ts';
import type { PictureStatuses } from './picture-statuses.ts';
import type { SampleRecord } from './sample-records.ts';

/** A picture to be made, with the weights it is made of. */
export interface PlannedPicture {
  readonly sample: SampleRecord;
  readonly model: ModelReference;
}

export interface PictureMaking {
  readonly device: DeviceChoice;
  readonly stop: AbortSignal;
  readonly statuses: PictureStatuses;
  readonly onMade: (picture: PlannedPicture) => void;
  /** Called with what was not made, where something failed. */
  readonly onFailure: (left: readonly PlannedPicture[], error: unknown) => void;
}

/** Has one engine make pictures, as many at once as fit, and keeps their statuses. */
export async function makePictures(
  pictures: readonly PlannedPicture[],
  engine: Engine,
  { device, stop, statuses, onMade, onFailure }: PictureMaking,
): Promise<void> {
  const batchSize = batchOf(pictures);
  const left = new Map(pictures.map((picture, index) => [index, picture]));
  const begin = () => {
    for (const { sample } of [...left.values()].slice(0, batchSize)) {
      if (statuses.is(sample.id, 'queued')) statuses.set(sample.id, 'making');
    }
    statuses.showQueue();
  };
  const made = (index: number) => {
    const picture = left.get(index);
    left.delete(index);
    if (picture === undefined) return;
    onMade(picture);
    statuses.set(picture.sample.id, 'ready');
    if ([...left.values()].some(({ sample }) => statuses.is(sample.id, 'making'))) statuses.showQueue();
    else begin();
  };
  try {
    begin();
    await engine.run(
      { kind: 'generate', pictures: pictures.map(pictureOf), batchSize, device },
      {
        stop,
        onEvent: (event) => {
          if (event.type === 'picture') made(event.index);
        },
      },
    );
    if (left.size > 0 && !stop.aborted) {
      throw new Failure('picture-missing', 'The engine did not make all pictures.', 'Make them again.');
    }
  } catch (error) {
    onFailure([...left.values()], error);
  } finally {
    // Stopped between two pictures: what was begun is begun anew.
    for (const { sample } of left.values()) {
      if (statuses.is(sample.id, 'making')) statuses.set(sample.id, 'queued');
    }
    statuses.showQueue();
  }
}

function pictureOf({ sample, model }: PlannedPicture): Picture {
  const { prompt, negativePrompt, seed, recipe, file } = sample;
  // The model has them.
  const { embeddings: _, ...settings } = recipe;
  return { model, prompt, negativePrompt, seed, ...settings, output: file };
}

/** Four of 512 x 512 at once, eight at most of smaller ones. */
function batchOf(pictures: readonly PlannedPicture[]): number {
  const area = Math.max(...pictures.map(({ sample: { recipe } }) => recipe.width * recipe.height));
  return Math.min(8, pictures.length, Math.max(1, Math.floor((4 * 512 ** 2) / area)));
}
