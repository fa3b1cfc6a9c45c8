import { captionSourceSchema } from '../../contract/captions.ts';
import { nameKey } from '../../library/name-key.ts';
import { newSetTags } from '../captions/caption-set-rows.ts';
import { type Captioner, captionerOf } from '../captions/captions.ts';
import type { DatasetDomain } from '../domain.ts';
import type { ImageFacts } from '../files/folder-contents.ts';
import { type MetadataRecord, textsOf } from '../files/metadata-rows.ts';
import type { PictureFile } from '../files/picture-file.ts';
import { isMarkedValidation } from '../images/split.ts';

/** One image as it was found; `picture` is null where the file is the one the library knows. */
export interface ReadImage {
  readonly sourceId: number;
  /** Path within the data set. */
  readonly file: string;
  /** Below the source's root. */
  readonly path: string;
  readonly modifiedAt: number;
  readonly facts: ImageFacts;
  readonly picture: PictureFile | null;
}

export interface KnownImage {
  readonly id: number;
  readonly source_id: number;
  readonly bytes: number;
  readonly modified_at: number;
  readonly gone: number;
  readonly metadata: string;
  readonly candidates: string;
  readonly repeats: number;
}

export interface ImageWriter {
  readonly known: (file: string) => KnownImage | undefined;
  /** New and changed images, with their captions, in one transaction. */
  readonly write: (images: readonly ReadImage[]) => void;
}

/** Writes what was found of a data set's images. Every caption set gives new images the captions of its source. */
export function createImageWriter({ database, now }: DatasetDomain, datasetId: number): ImageWriter {
  const known = database.prepare<[number, string], KnownImage>(
    `SELECT id, source_id, bytes, modified_at, gone, metadata, candidates, repeats
     FROM image WHERE dataset_id = ? AND file = ?`,
  );
  const insert = database.prepare<unknown[], { id: number }>(
    `INSERT INTO image (dataset_id, source_id, file, path, width, height, bytes, modified_at, content_hash,
       perceptual_hash, metadata, candidates, search, repeats, held_out, added_at, name_key)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
  );
  const updatePicture = database.prepare(
    `UPDATE image SET width = ?, height = ?, bytes = ?, modified_at = ?, content_hash = ?, perceptual_hash = ?
     WHERE id = ?`,
  );
  const updateFacts = database.prepare(
    'UPDATE image SET path = ?, metadata = ?, candidates = ?, search = ?, repeats = ?, gone = 0 WHERE id = ?',
  );
  const countField = database.prepare(
    `INSERT INTO dataset_field (dataset_id, name, images, example) VALUES (?, ?, 1, ?)
     ON CONFLICT DO UPDATE SET images = images + 1, example = min(example, excluded.example)`,
  );
  const captions = captionWriter(datasetId, { database, now });

  const add = (image: ReadImage, picture: PictureFile): void => {
    const { metadata, candidates, repeats } = image.facts;
    const { width, height, bytes, contentHash, perceptualHash } = picture;
    const row = insert.get(
      ...[datasetId, image.sourceId, image.file, image.path, width, height, bytes, image.modifiedAt],
      ...[contentHash, perceptualHash, JSON.stringify(metadata), JSON.stringify(candidates)],
      ...[searchText(image.file, metadata), repeats, isMarkedValidation(metadata) ? 1 : 0, now()],
      nameKey(image.file),
    );
    for (const [name, value] of Object.entries(metadata)) {
      countField.run(datasetId, name, textsOf(value).join(', ').slice(0, 200));
    }
    captions.add(row!.id, image.facts);
  };
  const update = (image: ReadImage, before: KnownImage): void => {
    const { metadata, candidates, repeats } = image.facts;
    if (image.picture !== null) {
      const { width, height, bytes, contentHash, perceptualHash } = image.picture;
      updatePicture.run(width, height, bytes, image.modifiedAt, contentHash, perceptualHash, before.id);
    }
    updateFacts.run(
      image.path,
      JSON.stringify(metadata),
      JSON.stringify(candidates),
      searchText(image.file, metadata),
      repeats,
      before.id,
    );
    captions.update(before, image.facts);
  };

  const write = database.transaction((images: readonly ReadImage[]) => {
    captions.begin(images);
    for (const image of images) {
      const before = known.get(datasetId, image.file);
      if (before !== undefined) update(image, before);
      else if (image.picture !== null) add(image, image.picture);
    }
  });
  return { known: (file) => known.get(datasetId, file), write };
}

/** What a search looks through: the file's name and all values of its metadata, in small letters. */
export function searchText(file: string, metadata: MetadataRecord): string {
  return [file, ...Object.values(metadata).flatMap(textsOf)].join('\n').normalize('NFC').toLowerCase();
}

interface Captioning {
  readonly id: number;
  readonly caption: Captioner;
}

function captionWriter(datasetId: number, { database, now }: Pick<DatasetDomain, 'database' | 'now'>) {
  const sets = database.prepare<[number], { id: number; source: string }>(
    'SELECT id, source FROM caption_set WHERE dataset_id = ?',
  );
  const journal = database.prepare<[number]>('SELECT 1 FROM journal WHERE dataset_id = ? LIMIT 1');
  const newSet = database.prepare(
    'INSERT INTO caption_set (dataset_id, name, source, tags, created_at) VALUES (?, ?, ?, ?, ?)',
  );
  const current = database
    .prepare<[number, number], string>('SELECT text FROM caption WHERE caption_set_id = ? AND image_id = ?')
    .pluck();
  const insert = database.prepare('INSERT INTO caption (caption_set_id, image_id, text) VALUES (?, ?, ?)');
  const change = database.prepare(
    'UPDATE caption SET text = ? WHERE caption_set_id = ? AND image_id = ? AND by_hand = 0',
  );
  let captioning: readonly Captioning[] = [];

  return {
    begin: (images: readonly ReadImage[]): void => {
      let rows = sets.all(datasetId);
      const bring = images.some(({ facts }) => facts.candidates.length > 0);
      // Captions that came with the images are what most people mean to train on. Whoever removed that set, or chose
      // others, has decided otherwise.
      if (rows.length === 0 && bring && journal.get(datasetId) === undefined) {
        newSet.run(datasetId, 'From files', JSON.stringify({ kind: 'sidecar' }), newSetTags, now());
        rows = sets.all(datasetId);
      }
      captioning = rows.flatMap(({ id, source }): Captioning[] => {
        const parsed = captionSourceSchema.parse(JSON.parse(source));
        if (parsed.kind === 'hand' || parsed.kind === 'copy' || parsed.kind === 'model') return [];
        return [{ id, caption: captionerOf(parsed) }];
      });
    },
    add: (imageId: number, facts: ImageFacts): void => {
      for (const { id, caption } of captioning) {
        const [text] = caption(facts).texts;
        if (text !== undefined) insert.run(id, imageId, text);
      }
    },
    /** Captions that are still what the old facts gave follow the new ones. */
    update: (before: KnownImage, facts: ImageFacts): void => {
      const old = {
        metadata: JSON.parse(before.metadata) as MetadataRecord,
        candidates: JSON.parse(before.candidates) as ImageFacts['candidates'],
      };
      for (const { id, caption } of captioning) {
        const [oldText] = caption(old).texts;
        const [text] = caption(facts).texts;
        if (text === undefined || text === oldText || current.get(id, before.id) !== oldText) continue;
        if (oldText === undefined) insert.run(id, before.id, text);
        else change.run(text, id, before.id);
      }
    },
  };
}
