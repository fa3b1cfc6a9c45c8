import { Anchor, Button, Group, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';

import type { DatasetSummary } from '../../../electron/contract/datasets.ts';
import { proposedHoldOut } from '../../../electron/contract/hold-out.ts';
import { countOf, countText } from '../../components/quantities.ts';
import { showFailure } from '../../studio/failure.ts';
import { media } from '../../studio/media.ts';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';
import classes from './dataset-section.module.css';
import { useDraft } from './draft-context.ts';
import { FormSection } from './form-section.tsx';
import { useRequestForm } from './request-form.ts';
import { ShareFields } from './share-fields.tsx';

/** Which images: the data set by name and cover, its counts, and a wall of its pictures. */
export function DatasetSection({ datasets }: { datasets: readonly DatasetSummary[] }) {
  const { request } = useRequestForm();
  const { chooseDataset } = useDraft();
  const chosen = datasets.find(({ id }) => id === request.datasetId);
  return (
    <FormSection title="Data set">
      <Stack gap={10}>
        <Select
          aria-label="Data set"
          data={datasets.map(({ id, name }) => ({ value: String(id), label: name }))}
          value={String(request.datasetId)}
          allowDeselect={false}
          searchable={datasets.length > 8}
          onChange={(value) => {
            if (value !== null) chooseDataset(Number(value));
          }}
          renderOption={({ option }) => (
            <DatasetOption dataset={datasets.find(({ id }) => String(id) === option.value)} />
          )}
        />
        <Wall datasetId={request.datasetId} captionSetId={request.captionSetIds[0] ?? null} />
        <ShareFields training={chosen === undefined ? null : trainingImages(chosen)} />
        {chosen !== undefined && <HoldOutOffer key={chosen.id} dataset={chosen} />}
        {chosen !== undefined && (
          <Group justify="space-between" gap="xs">
            <Text size="xs" c="dimmed" className="figures">
              {datasetCounts(chosen)}
            </Text>
            <Anchor component={Link} href={`/datasets/${chosen.id}`} size="xs">
              Open data set
            </Anchor>
          </Group>
        )}
      </Stack>
    </FormSection>
  );
}

/** Where all of many images would be trained on: keeps a twentieth of them back by a click, and by another puts them back. */
function HoldOutOffer({ dataset }: { dataset: DatasetSummary }) {
  const hold = useStudioCommand('datasets.setValidation');
  const putBack = useStudioCommand('datasets.holdOut');
  /** Images that were held out here, while none was before. */
  const [taken, setTaken] = useState<readonly number[]>([]);
  const holdsAny = dataset.heldOut > 0;
  const { data: held = [] } = useStudioQuery(
    'datasets.imageIds',
    { datasetId: dataset.id, query: { filter: 'held-out' } },
    { enabled: holdsAny && taken.length > 0 },
  );
  const count = proposedHoldOut(trainingImages(dataset));
  if (dataset.importing) return null;
  if (holdsAny) {
    // In another tab some of them may have been put back by now, and others held out.
    const now = new Set(held);
    const still = taken.filter((id) => now.has(id));
    return still.length > 0 ? (
      <HoldOutLine
        text={`You held out ${countOf(still.length, 'image')} here.`}
        action="Put them back"
        busy={putBack.isPending}
        onClick={() => {
          const onSuccess = () => {
            setTaken([]);
          };
          putBack.mutate({ imageIds: [...still], heldOut: false }, { onSuccess, onError: showFailure });
        }}
      />
    ) : null;
  }
  if (count === null) return null;
  return (
    <HoldOutLine
      text="A few images kept from training show which epoch has learned most, and when it begins to learn by heart."
      action={`Hold out ${count}`}
      busy={hold.isPending}
      onClick={() => {
        hold.mutate(
          { datasetId: dataset.id, choice: { kind: 'count', count } },
          {
            onSuccess: ({ heldOut }) => {
              setTaken(heldOut);
            },
            onError: showFailure,
          },
        );
      }}
    />
  );
}

function HoldOutLine({
  text,
  action,
  busy,
  onClick,
}: {
  text: string;
  action: string;
  busy: boolean;
  onClick: () => void;
}) {
  return (
    <Group justify="space-between" gap="xs" wrap="nowrap">
      <Text size="xs" c="dimmed">
        {text}
      </Text>
      <Button size="compact-xs" variant="default" style={{ flexShrink: 0 }} loading={busy} onClick={onClick}>
        {action}
      </Button>
    </Group>
  );
}

/** Images that are neither excluded nor held out. */
function trainingImages({ images, excluded, heldOut }: DatasetSummary): number {
  return Math.max(0, images - excluded - heldOut);
}

/** `76 images, 12 of them held out` */
function datasetCounts({ images, excluded, heldOut, importing }: DatasetSummary): string {
  return [
    countOf(images - excluded, 'image'),
    heldOut > 0 ? `${countText(heldOut)} of them held out` : 'none held out',
    ...(excluded > 0 ? [`${countText(excluded)} excluded`] : []),
    ...(importing ? ['still reading'] : []),
  ].join(', ');
}

function DatasetOption({ dataset }: { dataset: DatasetSummary | undefined }) {
  if (dataset === undefined) return null;
  const [cover] = dataset.cover;
  return (
    <span className={classes.option}>
      {cover === undefined ? (
        <span className={classes.cover} />
      ) : (
        <img className={classes.cover} src={media.thumbnail(cover)} alt="" />
      )}
      <span style={{ minWidth: 0 }}>
        <Text size="sm" truncate>
          {dataset.name}
        </Text>
        <Text size="xs" c="dimmed">
          {datasetCounts(dataset)}
        </Text>
      </span>
    </span>
  );
}

/** Enough for two rows of a wide form. */
const wallPictures = 60;

function Wall({ datasetId, captionSetId }: { datasetId: number; captionSetId: number | null }) {
  const { data } = useStudioQuery(
    'datasets.images',
    { datasetId, query: { captionSetId, filter: 'training' }, offset: 0, limit: wallPictures },
    { keepPrevious: true },
  );
  return (
    <div className={classes.wall}>
      {data?.rows.map(({ id, file, caption }) => (
        <img
          key={id}
          className={classes.picture}
          src={media.thumbnail(id)}
          alt={caption ?? file}
          title={caption ?? file}
        />
      ))}
    </div>
  );
}
