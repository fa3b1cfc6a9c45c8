import type { HandlersOf, OutputOf } from '../../contract/api.ts';
import { type DatasetDomain, requireDataset, unknownImage } from '../domain.ts';
import type { Journal } from '../journal.ts';
import { idsOfNames } from './image-names.ts';
import { type StoredImage, storedImages } from './image-records.ts';
import { chosenToHoldOut, splitDataset, type ValidationChoice } from './split.ts';

export type FlagMethods =
  'datasets.exclude' | 'datasets.holdOut' | 'datasets.setValidation' | 'datasets.validation';

/** Which images are used, and which of them are held out: each change can be undone. */
export function imageFlagHandlers(
  domain: DatasetDomain,
  journal: Journal,
): Pick<HandlersOf<'datasets'>, FlagMethods> {
  const { database } = domain;
  /** One undoable change of flags of images, which are all of one data set. */
  const changeImages = (
    datasetId: number,
    imageIds: readonly number[],
    label: string,
    column: 'excluded' | 'held_out',
    value: (imageId: number) => boolean,
  ): void => {
    const update = database.prepare(`UPDATE image SET ${column} = ? WHERE id = ?`);
    database.transaction(() => {
      const change = journal.begin(datasetId, label);
      change.keepImages(imageIds);
      for (const id of imageIds) update.run(value(id) ? 1 : 0, id);
      change.end();
    })();
    domain.changed(datasetId, 'images', 'datasets', 'captions');
  };
  const differing = (imageIds: readonly number[], column: 'excluded' | 'held_out', value: boolean) => {
    const row = database.prepare<[number], { dataset_id: number; value: number }>(
      `SELECT dataset_id, ${column} AS value FROM image WHERE id = ?`,
    );
    const [first = 0] = imageIds;
    const datasetId = row.get(first)?.dataset_id;
    if (datasetId === undefined) throw unknownImage();
    const ids: number[] = [];
    for (const id of new Set(imageIds)) {
      const found = row.get(id);
      if (found?.dataset_id !== datasetId) throw unknownImage();
      if (found.value !== (value ? 1 : 0)) ids.push(id);
    }
    return { datasetId, ids };
  };

  const usedImages = (datasetId: number): readonly StoredImage[] => {
    requireDataset(domain, datasetId);
    return [...storedImages(database, datasetId)].filter(({ excluded }) => !excluded);
  };

  return {
    'datasets.exclude': ({ imageIds, excluded }) => {
      const { datasetId, ids } = differing(imageIds, 'excluded', excluded);
      const label = `${excluded ? 'Exclude' : 'Include'} ${counted(ids.length)}`;
      if (ids.length > 0) changeImages(datasetId, ids, label, 'excluded', () => excluded);
      return null;
    },
    'datasets.holdOut': ({ imageIds, heldOut }) => {
      const { datasetId, ids } = differing(imageIds, 'held_out', heldOut);
      const label = heldOut ? `Hold out ${counted(ids.length)}` : `Train on ${counted(ids.length)}`;
      if (ids.length > 0) changeImages(datasetId, ids, label, 'held_out', () => heldOut);
      return null;
    },
    'datasets.setValidation': ({ datasetId, choice }) => {
      const images = usedImages(datasetId);
      if (images.length === 0) return { heldOut: [] };
      const chosen =
        choice.kind === 'names' ? { kind: 'ids' as const, ids: idsOfNames(images, choice.names) } : choice;
      const held = new Set(splitDataset(images, chosen).validation.map(({ imageId }) => imageId));
      const ids = images
        .filter(({ imageId, heldOut }) => heldOut !== held.has(imageId))
        .map(({ imageId }) => imageId);
      if (ids.length > 0) changeImages(datasetId, ids, splitLabel(chosen), 'held_out', (id) => held.has(id));
      return { heldOut: ids.filter((id) => held.has(id)) };
    },
    'datasets.validation': ({ datasetId }) => presentChoice(usedImages(datasetId)),
  };
}

/** A part chosen by chance is the same images as their number chosen so, which is what it is told as. */
function presentChoice(images: readonly StoredImage[]): OutputOf<'datasets.validation'> {
  const names = images.filter(({ heldOut }) => heldOut).map(({ id }) => id);
  if (names.length === 0) return { kind: 'none' };
  const ways = [{ kind: 'marked' as const }, { kind: 'count' as const, count: names.length }];
  return ways.find((choice) => holdsOut(images, choice)) ?? { kind: 'names', names };
}

/** Whether a choice holds out exactly the images that are. */
function holdsOut(images: readonly StoredImage[], choice: ValidationChoice): boolean {
  const chosen = chosenToHoldOut(images, choice);
  return images.every(({ id, heldOut }) => heldOut === chosen.has(id));
}

function counted(images: number): string {
  return images === 1 ? 'an image' : `${images} images`;
}

function splitLabel(choice: ValidationChoice): string {
  switch (choice.kind) {
    case 'none':
      return 'Hold out no image';
    case 'count':
      return `Hold out ${counted(choice.count)}`;
    case 'fraction':
      return `Hold out ${Number((100 * choice.fraction).toFixed(1))} %`;
    case 'marked':
    case 'ids':
      return 'Hold out the images marked for it';
  }
}
