import { Failure } from '../../../native/failure.ts';
import type { HandlersOf, ParsedInputOf } from '../../contract/api.ts';
import { type DatasetDomain, unknownImage } from '../domain.ts';
import type { ImageSelection } from '../images/image-selection.ts';
import type { ChangeCaptions } from './caption-changes.ts';
import type { SetMethods } from './caption-set-handlers.ts';
import { captionSet } from './caption-set-rows.ts';
import type { NewCaption, WriteCaptions } from './caption-writer.ts';
import { createCaptionsOfImages } from './captions-of-images.ts';
import { replaceAll, type Replaced } from './find-replace.ts';
import { countTags, editTag } from './tags.ts';

type Find = ParsedInputOf<'captions.replace'>;

const shownExamples = 20;

/** What pages ask of the texts in a caption set: written by hand, found and replaced, by their tags. */
export function captionTextHandlers(
  domain: DatasetDomain,
  changing: ChangeCaptions,
  write: WriteCaptions,
  selection: ImageSelection,
): Omit<HandlersOf<'captions'>, SetMethods> {
  const { database } = domain;
  const { selected, captions: captionsOf, textOf } = createCaptionsOfImages(database, selection);
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

  return {
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
            const before = textOf(captionSetId, imageId);
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

function requireImages({ database }: DatasetDomain, datasetId: number, imageIds: readonly number[]): void {
  const exists = database.prepare<[number, number]>('SELECT 1 FROM image WHERE id = ? AND dataset_id = ?');
  if (imageIds.some((id) => exists.get(id, datasetId) === undefined)) throw unknownImage();
}
