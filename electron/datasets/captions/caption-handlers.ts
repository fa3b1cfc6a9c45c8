import { Failure } from '../../../native/failure.ts';
import type { HandlersOf, ParsedInputOf } from '../../contract/api.ts';
import type { CaptionSource } from '../../contract/captions.ts';
import { type ImageQuery, imageQuerySchema } from '../../contract/datasets.ts';
import { type DatasetDomain, unknownDataset, unknownImage } from '../domain.ts';
import type { ImageSelection } from '../images/image-selection.ts';
import type { Change, Journal } from '../journal.ts';
import { createCaptionWriter, type NewCaption } from './caption-changes.ts';
import { previewCaptions } from './caption-preview.ts';
import { captionSet, captionSets, newSetTags } from './caption-set-rows.ts';
import { textsFromSource } from './caption-texts.ts';
import { replaceAll, type Replaced } from './find-replace.ts';
import { countTags, editTag } from './tags.ts';

type Find = ParsedInputOf<'captions.replace'>;

const shownExamples = 20;
/** What a caption is selected by where nothing was asked for: images that are used. */
const used: readonly ImageQuery[] = [
  imageQuerySchema.parse({ filter: 'training' }),
  imageQuerySchema.parse({ filter: 'held-out' }),
];

/** Caption sets and all that changes captions: each change a transaction, with its entry in the journal. */
export function captionHandlers(
  domain: DatasetDomain,
  journal: Journal,
  selection: ImageSelection,
): HandlersOf<'captions'> {
  const { database } = domain;
  const write = createCaptionWriter(database);
  const textOf = database
    .prepare<[number, number], string>('SELECT text FROM caption WHERE caption_set_id = ? AND image_id = ?')
    .pluck();

  /** One undoable change of a data set's captions. */
  const changing = <T>(datasetId: number, label: string, work: (change: Change) => T): T => {
    const result = database.transaction(() => {
      const change = journal.begin(datasetId, label);
      const value = work(change);
      change.end();
      return value;
    })();
    domain.changed(datasetId, 'captions', 'datasets', 'images');
    return result;
  };

  const selected = async (datasetId: number, query: ImageQuery | undefined): Promise<readonly number[]> => {
    if (query !== undefined) return await selection.ids(datasetId, query);
    const lists = await Promise.all(used.map((one) => selection.ids(datasetId, one)));
    return lists.flat();
  };
  const captionsOf = (captionSetId: number, imageIds: readonly number[]) =>
    imageIds.flatMap((imageId) => {
      const text = textOf.get(captionSetId, imageId);
      return text === undefined ? [] : [{ imageId, text }];
    });

  const find = async (input: Find) => {
    const { datasetId } = captionSet(database, input.captionSetId);
    const query =
      input.query === undefined ? undefined : { ...input.query, captionSetId: input.captionSetId };
    const captions = captionsOf(input.captionSetId, await selected(datasetId, query));
    const found = replaceAll(
      captions.map(({ text }) => text),
      input,
    );
    return { datasetId, captions, found };
  };

  const fill = (
    change: Change,
    datasetId: number,
    setId: number,
    source: CaptionSource,
    overwrite: boolean,
  ) => {
    const texts = textsFromSource(database, datasetId, source);
    const byHand = new Set(
      overwrite
        ? []
        : database
            .prepare<[number], number>(
              'SELECT image_id FROM caption WHERE caption_set_id = ? AND by_hand = 1',
            )
            .pluck()
            .all(setId),
    );
    write(
      change,
      setId,
      texts.flatMap(({ imageId, text }): NewCaption[] =>
        byHand.has(imageId) ? [] : [{ imageId, text, byHand: false }],
      ),
    );
  };

  return {
    'captions.sets': ({ datasetId }) => {
      requireDataset(domain, datasetId);
      return captionSets(database, datasetId);
    },
    'captions.createSet': ({ datasetId, name, source }) => {
      requireDataset(domain, datasetId);
      return changing(datasetId, `New caption set '${name}'`, (change) => {
        const captionSetId = Number(
          database
            .prepare(
              'INSERT INTO caption_set (dataset_id, name, source, tags, created_at) VALUES (?, ?, ?, ?, ?)',
            )
            .run(datasetId, name, JSON.stringify(source), newSetTags, domain.now()).lastInsertRowid,
        );
        insertTexts(domain, captionSetId, textsFromSource(database, datasetId, source));
        change.addedSet(captionSetId);
        return { captionSetId };
      });
    },
    'captions.fill': ({ captionSetId, source, overwrite }) => {
      const { datasetId, name } = captionSet(database, captionSetId);
      changing(datasetId, `Fill '${name}' anew`, (change) => {
        change.keepSet(captionSetId);
        fill(change, datasetId, captionSetId, source, overwrite);
        database
          .prepare('UPDATE caption_set SET source = ? WHERE id = ?')
          .run(JSON.stringify(source), captionSetId);
      });
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
        database.prepare('DELETE FROM caption_set WHERE id = ?').run(captionSetId);
      });
      return null;
    },
    'captions.preview': ({ datasetId, source, examples }) => {
      requireDataset(domain, datasetId);
      return previewCaptions(database, datasetId, source, examples);
    },
    'captions.write': ({ captionSetId, captions }) => {
      const { datasetId, name } = captionSet(database, captionSetId);
      requireImages(
        domain,
        datasetId,
        captions.map(({ imageId }) => imageId),
      );
      const label =
        captions.length === 1 ? `Caption in '${name}'` : `${captions.length} captions in '${name}'`;
      changing(datasetId, label, (change) =>
        write(
          change,
          captionSetId,
          captions.map(({ imageId, text }) => ({ imageId, text, byHand: true })),
        ),
      );
      return null;
    },
    'captions.previewReplace': async (input) => {
      try {
        const { captions, found } = await find(input);
        return {
          images: found.length,
          matches: found.reduce((sum, { matches }) => sum + matches, 0),
          examples: found.slice(0, shownExamples).map(({ place, text }) => {
            const { imageId, text: before } = captions[place]!;
            return { imageId, before, after: text };
          }),
          fault: null,
        };
      } catch (error) {
        if (!(error instanceof Failure) || !error.code.startsWith('find-')) throw error;
        return { images: 0, matches: 0, examples: [], fault: error.message };
      }
    },
    'captions.replace': async (input) => {
      const { datasetId, captions, found } = await find(input);
      const changed = (one: Replaced) => one.text !== captions[one.place]!.text;
      const images = changing(datasetId, `Replace '${input.find}' by '${input.replace}'`, (change) =>
        write(
          change,
          input.captionSetId,
          found
            .filter(changed)
            .map(({ place, text }) => ({ imageId: captions[place]!.imageId, text, byHand: true })),
        ),
      );
      return { images };
    },
    'captions.tags': async ({ captionSetId, query }) => {
      const { datasetId } = captionSet(database, captionSetId);
      const ids = await selected(datasetId, query === undefined ? undefined : { ...query, captionSetId });
      return countTags(captionsOf(captionSetId, ids).map(({ text }) => text));
    },
    'captions.editTag': async ({ captionSetId, edit, imageIds }) => {
      const { datasetId } = captionSet(database, captionSetId);
      if (imageIds !== undefined) requireImages(domain, datasetId, imageIds);
      const ids = [...new Set(imageIds ?? (await selected(datasetId, undefined)))];
      const images = changing(datasetId, labelOf(edit), (change) =>
        write(
          change,
          captionSetId,
          ids.flatMap((imageId): NewCaption[] => {
            const before = textOf.get(captionSetId, imageId);
            if (before === undefined && edit.kind !== 'add') return [];
            const text = editTag(before ?? '', edit);
            return text === before ? [] : [{ imageId, text, byHand: true }];
          }),
        ),
      );
      return { images };
    },
  };
}

function labelOf(edit: ParsedInputOf<'captions.editTag'>['edit']): string {
  switch (edit.kind) {
    case 'add':
      return `Add tag '${edit.tag}'`;
    case 'remove':
      return `Remove tag '${edit.tag}'`;
    case 'rename':
      return `Rename tag '${edit.tag}' to '${edit.to}'`;
  }
}

function insertTexts(
  { database }: DatasetDomain,
  captionSetId: number,
  texts: readonly { readonly imageId: number; readonly text: string | null }[],
): void {
  const insert = database.prepare('INSERT INTO caption (caption_set_id, image_id, text) VALUES (?, ?, ?)');
  for (const { imageId, text } of texts) if (text !== null) insert.run(captionSetId, imageId, text);
}

function requireDataset({ database }: DatasetDomain, datasetId: number): void {
  if (database.prepare('SELECT 1 FROM dataset WHERE id = ?').get(datasetId) === undefined) {
    throw unknownDataset();
  }
}

function requireImages({ database }: DatasetDomain, datasetId: number, imageIds: readonly number[]): void {
  const exists = database.prepare<[number, number]>('SELECT 1 FROM image WHERE id = ? AND dataset_id = ?');
  if (imageIds.some((id) => exists.get(id, datasetId) === undefined)) throw unknownImage();
}
