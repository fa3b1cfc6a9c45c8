import { Failure } from '../../native/failure.ts';
import { type CaptionSource, captionSourceSchema, tagOptionsSchema } from '../contract/captions.ts';
import type { LibraryDatabase } from '../library/database.ts';
import { libraryPathsOf } from '../library/library-paths.ts';
import { type Captioner, captionerOf, type Captions, type MissingCaption } from './captions/captions.ts';
import { tagVariants } from './captions/tag-variants.ts';
import type { DatasetImage } from './dataset-image.ts';
import { unknownCaptionSet, unknownDataset } from './domain.ts';
import { storedImages } from './images/image-records.ts';

/** What a run is planned on: the images not excluded, as they are split, with the captions of one set. */
export interface RunData {
  readonly datasetName: string;
  readonly captionSetName: string;
  /** Where the images come from; null where from several places. */
  readonly folder: string | null;
  /** Each image's id is its file's path within the data set. */
  readonly training: readonly DatasetImage[];
  readonly heldOut: readonly DatasetImage[];
  /**
   * By image id, of training and held-out images. Shuffling and dropout of tags are drawn as alternatives, for training
   * images alone: a held-out image keeps its one caption, so that losses compare.
   */
  readonly captions: Captions;
  /** Captions missing and the like, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * @param seed of shuffling and dropout
 * @throws Failure `dataset-unknown`, `caption-set-unknown`, `dataset-empty`: nothing is left to train on
 */
export function readRunData(
  database: LibraryDatabase,
  datasetId: number,
  captionSetId: number,
  seed: number,
): RunData {
  const dataset = database
    .prepare<[number], { name: string }>('SELECT name FROM dataset WHERE id = ?')
    .get(datasetId);
  if (dataset === undefined) throw unknownDataset();
  const set = database
    .prepare<[number, number], { name: string; source: string; tags: string }>(
      'SELECT name, source, tags FROM caption_set WHERE id = ? AND dataset_id = ?',
    )
    .get(captionSetId, datasetId);
  if (set === undefined) throw unknownCaptionSet();
  const tags = tagOptionsSchema.parse(JSON.parse(set.tags));
  const alternatives = alternativesOf(captionSourceSchema.parse(JSON.parse(set.source)));

  const texts = captionTexts(database, captionSetId);
  const training: DatasetImage[] = [];
  const heldOut: DatasetImage[] = [];
  const captions = new Map<string, readonly string[]>();
  const missing: MissingCaption[] = [];
  for (const image of storedImages(database, datasetId)) {
    if (image.excluded) continue;
    (image.heldOut ? heldOut : training).push(image);
    const text = texts.get(image.imageId);
    if (text === undefined) missing.push({ id: image.id, fields: [], caption: '' });
    const all = alternatives(image, text ?? '');
    captions.set(
      image.id,
      image.heldOut ? all.slice(0, 1) : all.flatMap((caption) => tagVariants(caption, tags, seed, image.id)),
    );
  }
  if (training.length === 0) {
    throw new Failure(
      'dataset-empty',
      `${dataset.name} has no image to train on.`,
      'Add images, or exclude and hold out fewer of them.',
    );
  }
  return {
    datasetName: dataset.name,
    captionSetName: set.name,
    folder: folderOf(database, datasetId),
    training,
    heldOut,
    captions: { captions, missing },
    warnings: missing.length === 0 ? [] : [missingWarning(missing, set.name)],
  };
}

/** The one folder a data set is read from, if it is one. */
export function folderOf(database: LibraryDatabase, datasetId: number): string | null {
  const sources = database
    .prepare<[number], { root: string; files: string | null }>(
      'SELECT root, files FROM dataset_source WHERE dataset_id = ? LIMIT 2',
    )
    .all(datasetId);
  const [only] = sources;
  return sources.length === 1 && only?.files === null ? libraryPathsOf(database).absolute(only.root) : null;
}

function captionTexts(database: LibraryDatabase, captionSetId: number): ReadonlyMap<number, string> {
  const rows = database
    .prepare<[number], [number, string]>('SELECT image_id, text FROM caption WHERE caption_set_id = ?')
    .raw()
    .iterate(captionSetId);
  return new Map(rows);
}

/** An image that came with several captions is trained on all of them, as long as the first was not changed. */
function alternativesOf(source: CaptionSource): (image: DatasetImage, text: string) => readonly string[] {
  if (source.kind !== 'sidecar' && source.kind !== 'column') return (_image, text) => [text];
  const caption: Captioner = captionerOf(source);
  return (image, text) => {
    const { texts } = caption(image);
    return texts.length > 1 && texts[0] === text ? texts : [text];
  };
}

function missingWarning(missing: readonly MissingCaption[], set: string): string {
  const [first] = missing;
  return missing.length === 1
    ? `${first!.id} has no caption in '${set}' and is trained without words.`
    : `${missing.length} images have no caption in '${set}' and are trained without words; the first is ${first!.id}.`;
}
