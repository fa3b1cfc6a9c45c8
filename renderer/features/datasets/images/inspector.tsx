import { Button, Kbd, Skeleton, Stack, Text } from '@mantine/core';
import { IconEye, IconEyeOff, IconFlask2, IconFlask2Off } from '@tabler/icons-react';
import type { ReactNode } from 'react';

import type { CaptionSetData } from '../../../../electron/contract/captions.ts';
import type { DatasetDetail, ImageDetail } from '../../../../electron/contract/datasets.ts';
import { bytesText } from '../../../../electron/contract/quantities.ts';
import { FailureNote } from '../../../components/failure-note.tsx';
import { countOf, momentText } from '../../../components/quantities.ts';
import { media } from '../../../studio/media.ts';
import { useStudioQuery } from '../../../studio/studio.tsx';
import { AddTag } from '../../captions/add-tag.tsx';
import { CaptionFields } from '../../captions/caption-fields.tsx';
import { useView } from '../use-view.tsx';
import { CropPicture } from './crop-picture.tsx';
import classes from './inspector.module.css';
import { useMarking } from './use-marking.ts';

/** What is selected: one image with everything known of it, or what can be done with several. */
export function Inspector({ dataset, sets }: { dataset: DatasetDetail; sets: readonly CaptionSetData[] }) {
  const ids = useView((state) => state.selection.ids);
  const [only] = ids;
  return (
    <aside className={classes.inspector} aria-label="Selection">
      {ids.size === 0 || only === undefined ? (
        <Nothing dataset={dataset} />
      ) : ids.size === 1 ? (
        <One imageId={only} />
      ) : (
        <Several ids={[...ids]} sets={sets} />
      )}
    </aside>
  );
}

function Nothing({ dataset }: { dataset: DatasetDetail }) {
  const facts: readonly (readonly [string, ReactNode])[] = [
    ['Folder', dataset.folder ?? 'Several places'],
    ['Size', bytesText(dataset.bytes)],
    ['Metadata', dataset.fields.length === 0 ? 'None' : dataset.fields.map(({ name }) => name).join(', ')],
    ['Added', momentText(dataset.createdAt)],
  ];
  const keys: readonly (readonly [string, string])[] = [
    ['Arrows', 'move'],
    ['Shift', 'select a stretch'],
    ['Ctrl A', 'select all'],
    ['Enter', 'edit the caption'],
    ['X', 'exclude; Shift X include'],
    ['H', 'hold out; Shift H train on it'],
    ['Ctrl Z', 'undo'],
  ];
  return (
    <>
      <Facts facts={facts} />
      <dl className={classes.keys}>
        {keys.map(([key, does]) => (
          <div key={key}>
            <dt>
              <Kbd size="xs">{key}</Kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function One({ imageId }: { imageId: number }) {
  const { data: image, error } = useStudioQuery('datasets.image', { imageId }, { keepPrevious: true });
  if (error !== null) return <FailureNote error={error} />;
  if (image === undefined) return <Skeleton height={280} />;
  const metadata = Object.entries(image.metadata);
  return (
    <>
      <CropPicture image={image} />
      {image.masked && <Mask image={image} />}
      <Marks images={[image]} ids={[image.id]} />
      <CaptionFields image={image} />
      <Facts facts={factsOf(image)} />
      {metadata.length > 0 && (
        <section>
          <h2 className={classes.heading}>Metadata</h2>
          <Facts
            facts={metadata.map(([name, value]) => [
              name,
              typeof value === 'string' ? value : value.join(', '),
            ])}
          />
        </section>
      )}
    </>
  );
}

/** What is white in it is learned, where a run goes by masks. */
function Mask({ image }: { image: ImageDetail }) {
  return (
    <section>
      <h2 className={classes.heading}>Mask</h2>
      <img
        className={classes.mask}
        src={media.mask(image.id)}
        alt={`Mask of ${image.file}: white is learned`}
        decoding="async"
      />
    </section>
  );
}

function factsOf(image: ImageDetail): readonly (readonly [string, ReactNode])[] {
  return [
    ['File', image.file],
    ['Pixels', `${image.width} × ${image.height}`],
    ['Size', bytesText(image.bytes)],
    ...(image.repeats > 1 ? [['Repeats', `${image.repeats} times an epoch`] as const] : []),
    ['Added', momentText(image.addedAt)],
  ];
}

function Several({ ids, sets }: { ids: readonly number[]; sets: readonly CaptionSetData[] }) {
  const captionSetId = useView((state) => state.query.captionSetId);
  const set = sets.find(({ id }) => id === captionSetId);
  return (
    <>
      <Text fw={600} className="figures">
        {countOf(ids.length, 'image')} selected
      </Text>
      <Marks ids={ids} />
      {set !== undefined && <AddTag set={set} imageIds={ids} />}
    </>
  );
}

/** Excludes or holds out; of one image only what would change something. */
function Marks({ ids, images }: { ids: readonly number[]; images?: readonly ImageDetail[] }) {
  const { exclude, holdOut } = useMarking();
  const offers = (state: (image: ImageDetail) => boolean) =>
    images?.every((image) => !state(image)) !== false;
  const button = (label: string, icon: ReactNode, act: () => void) => (
    <Button key={label} size="xs" variant="default" leftSection={icon} onClick={act}>
      {label}
    </Button>
  );
  const excluded = (image: ImageDetail) => image.excluded;
  const heldOut = (image: ImageDetail) => image.heldOut;
  return (
    <Stack gap={0}>
      <div className={classes.marks}>
        {offers(excluded) &&
          button('Exclude', <IconEyeOff size={14} aria-hidden />, () => {
            exclude(ids, true);
          })}
        {offers((image) => !image.excluded) &&
          button('Include', <IconEye size={14} aria-hidden />, () => {
            exclude(ids, false);
          })}
        {offers(heldOut) &&
          button('Hold out', <IconFlask2 size={14} aria-hidden />, () => {
            holdOut(ids, true);
          })}
        {offers((image) => !image.heldOut) &&
          button('Train on it', <IconFlask2Off size={14} aria-hidden />, () => {
            holdOut(ids, false);
          })}
      </div>
    </Stack>
  );
}

function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className={classes.facts}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
