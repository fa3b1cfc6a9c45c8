import type { HandlersOf } from '../../contract/api.ts';
import type { CaptionSource } from '../../contract/captions.ts';
import { type DatasetDomain, requireDataset } from '../domain.ts';
import type { Change } from '../journal.ts';
import type { ChangeCaptions } from './caption-changes.ts';
import { previewCaptions } from './caption-preview.ts';
import { captionSet, captionSets, newSetTags } from './caption-set-rows.ts';
import { textsFromSource } from './caption-texts.ts';
import type { NewCaption, WriteCaptions } from './caption-writer.ts';
import type { CaptioningRecords } from './captioning-records.ts';
import { imagesToCaption } from './images-to-caption.ts';

export type SetMethods =
  | 'captions.sets'
  | 'captions.createSet'
  | 'captions.fill'
  | 'captions.renameSet'
  | 'captions.setTagOptions'
  | 'captions.removeSet'
  | 'captions.preview';

/** What pages ask of caption sets as wholes. */
export function captionSetHandlers(
  domain: DatasetDomain,
  changing: ChangeCaptions,
  write: WriteCaptions,
  captioning: CaptioningRecords,
  onCaptioning: () => void,
): Pick<HandlersOf<'captions'>, SetMethods> {
  const { database } = domain;
  return {
    'captions.sets': ({ datasetId }) => {
      requireDataset(domain, datasetId);
      return captionSets(database, datasetId);
    },
    'captions.createSet': ({ datasetId, name, source, imageIds, place = 'beside' }) => {
      requireDataset(domain, datasetId);
      const made = changing(datasetId, `New caption set '${name}'`, (change) => {
        const captionSetId = Number(
          database
            .prepare(
              'INSERT INTO caption_set (dataset_id, name, source, tags, created_at) VALUES (?, ?, ?, ?, ?)',
            )
            .run(datasetId, name, JSON.stringify(source), newSetTags, domain.now()).lastInsertRowid,
        );
        insertTexts(domain, captionSetId, textsFromSource(database, datasetId, source));
        change.addedSet(captionSetId);
        if (source.kind === 'model') {
          const { captionerId, options } = source;
          const images = imagesToCaption(database, { datasetId, captionSetId, imageIds, overwrite: true });
          captioning.begin(change, { captionSetId, captionerId, options, place }, images);
        }
        return { captionSetId };
      });
      if (source.kind === 'model') onCaptioning();
      return made;
    },
    'captions.fill': ({ captionSetId, source, overwrite, imageIds, place = 'beside' }) => {
      const { datasetId, name } = captionSet(database, captionSetId);
      changing(datasetId, `Fill '${name}' again`, (change) => {
        change.keepSet(captionSetId);
        if (source.kind === 'model') {
          const { captionerId, options } = source;
          const images = imagesToCaption(database, { datasetId, captionSetId, imageIds, overwrite });
          change.keepCaptionsOf(captionSetId, images);
          // Only what is of hand from now on stays as it is.
          const yields = database.prepare(
            'UPDATE caption SET by_hand = 0 WHERE caption_set_id = ? AND image_id = ?',
          );
          if (overwrite) for (const imageId of images) yields.run(captionSetId, imageId);
          captioning.begin(change, { captionSetId, captionerId, options, place }, images);
        } else {
          captioning.remove(captionSetId);
          fill(domain, write, change, { datasetId, captionSetId, source, overwrite });
        }
        database
          .prepare('UPDATE caption_set SET source = ? WHERE id = ?')
          .run(JSON.stringify(source), captionSetId);
      });
      if (source.kind === 'model') onCaptioning();
      return null;
    },
    'captions.renameSet': ({ captionSetId, name }) => {
      const before = captionSet(database, captionSetId);
      changing(before.datasetId, `Rename '${before.name}' to '${name}'`, (change) => {
        change.keepSet(captionSetId);
        database.prepare('UPDATE caption_set SET name = ? WHERE id = ?').run(name, captionSetId);
      });
      return null;
    },
    'captions.setTagOptions': ({ captionSetId, tags }) => {
      const { datasetId, name } = captionSet(database, captionSetId);
      changing(datasetId, `Tag options of '${name}'`, (change) => {
        change.keepSet(captionSetId);
        database
          .prepare('UPDATE caption_set SET tags = ? WHERE id = ?')
          .run(JSON.stringify(tags), captionSetId);
      });
      return null;
    },
    'captions.removeSet': ({ captionSetId }) => {
      const { datasetId, name } = captionSet(database, captionSetId);
      changing(datasetId, `Remove caption set '${name}'`, (change) => {
        change.keepSet(captionSetId);
        change.keepCaptions(captionSetId);
        captioning.aside.keep(captionSetId);
        database.prepare('DELETE FROM caption_set WHERE id = ?').run(captionSetId);
      });
      return null;
    },
    'captions.preview': ({ datasetId, source, examples }) => {
      requireDataset(domain, datasetId);
      return previewCaptions(database, datasetId, source, examples);
    },
  };
}

interface Fill {
  readonly datasetId: number;
  readonly captionSetId: number;
  readonly source: CaptionSource;
  /** Captions changed by hand, too. */
  readonly overwrite: boolean;
}

function fill(
  { database }: DatasetDomain,
  write: WriteCaptions,
  change: Change,
  { datasetId, captionSetId, source, overwrite }: Fill,
): void {
  const ofHand = database
    .prepare<[number], number>('SELECT image_id FROM caption WHERE caption_set_id = ? AND by_hand = 1')
    .pluck();
  const kept = new Set(overwrite ? [] : ofHand.all(captionSetId));
  write(
    change,
    captionSetId,
    textsFromSource(database, datasetId, source).flatMap(({ imageId, text }): NewCaption[] =>
      kept.has(imageId) ? [] : [{ imageId, text, byHand: false }],
    ),
  );
}

function insertTexts(
  { database }: DatasetDomain,
  captionSetId: number,
  texts: readonly { readonly imageId: number; readonly text: string | null }[],
): void {
  const insert = database.prepare('INSERT INTO caption (caption_set_id, image_id, text) VALUES (?, ?, ?)');
  for (const { imageId, text } of texts) if (text !== null) insert.run(captionSetId, imageId, text);
}
