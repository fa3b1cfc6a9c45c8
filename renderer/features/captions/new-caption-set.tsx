import { Button, Modal, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';

import type { CaptionSetData, CaptionSource } from '../../../electron/contract/captions.ts';
import type { DatasetDetail } from '../../../electron/contract/datasets.ts';
import { sourceWords } from '../../components/caption-source.ts';
import { DialogFoot } from '../../components/dialog-foot.tsx';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand } from '../../studio/studio.tsx';
import { useView } from '../datasets/use-view.tsx';
import classes from './captions-view.module.css';
import { ModelPreview } from './model-preview.tsx';
import { ModelWorkFields, type Place } from './model-work-fields.tsx';
import { isComplete, newSource, SourceForm } from './source-form.tsx';
import { SourcePreview, useSourcePreview } from './source-preview.tsx';

/** A dialog that makes a caption set, showing beforehand what would be in it. */
export function NewCaptionSet({
  open,
  dataset,
  sets,
  onMade,
  onClose,
}: {
  open: boolean;
  dataset: DatasetDetail;
  sets: readonly CaptionSetData[];
  onMade: (captionSetId: number) => void;
  onClose: () => void;
}) {
  return (
    <Modal opened={open} onClose={onClose} title="New caption set" size={920} centered>
      <Form dataset={dataset} sets={sets} onMade={onMade} onClose={onClose} />
    </Modal>
  );
}

/** Of images that nothing is said of, a template could say no more than their folder's name. */
function usualSource({ fields }: DatasetDetail): CaptionSource['kind'] {
  return fields.some(({ name }) => name !== 'file' && name !== 'folder') ? 'template' : 'model';
}

function Form({
  dataset,
  sets,
  onMade,
  onClose,
}: {
  dataset: DatasetDetail;
  sets: readonly CaptionSetData[];
  onMade: (captionSetId: number) => void;
  onClose: () => void;
}) {
  const [source, setSource] = useState<CaptionSource>(() => newSource(usualSource(dataset), dataset, sets));
  const [name, setName] = useState<string | null>(null);
  const { preview, fault } = useSourcePreview(dataset.id, source);
  const selected = useView((state) => state.selection.ids);
  const [onlySelected, setOnlySelected] = useState(false);
  const [place, setPlace] = useState<Place>('beside');
  const imageIds = onlySelected && selected.size > 0 ? [...selected] : undefined;
  const create = useStudioCommand('captions.createSet');
  const shown = name ?? unusedName(sourceWords[source.kind].label, sets);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate(
          {
            ...{ datasetId: dataset.id, name: shown.trim(), source },
            ...(source.kind === 'model' && { place, ...(imageIds !== undefined && { imageIds }) }),
          },
          {
            onSuccess: ({ captionSetId }) => {
              onMade(captionSetId);
            },
            onError: showFailure,
          },
        );
      }}
    >
      <div className={classes.newSet}>
        <Stack gap="sm">
          <TextInput
            label="Name"
            value={shown}
            onChange={({ currentTarget }) => {
              setName(currentTarget.value);
            }}
          />
          <SourceForm dataset={dataset} sets={sets} source={source} fault={fault} onChange={setSource} />
          {source.kind === 'model' && isComplete(source) && (
            <ModelWorkFields
              place={place}
              selected={selected.size}
              onlySelected={onlySelected}
              onPlace={setPlace}
              onOnlySelected={setOnlySelected}
            />
          )}
        </Stack>
        <div className={classes.previewPane}>
          {source.kind === 'model' ? (
            <ModelPreview
              key={source.captionerId}
              datasetId={dataset.id}
              source={source}
              images={imageIds?.length ?? dataset.images - dataset.excluded}
            />
          ) : (
            <SourcePreview source={source} preview={fault === null ? preview : undefined} />
          )}
        </div>
      </div>
      <DialogFoot>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button
          type="submit"
          loading={create.isPending}
          disabled={shown.trim() === '' || !isComplete(source) || fault !== null}
        >
          Make caption set
        </Button>
      </DialogFoot>
    </form>
  );
}

function unusedName(wanted: string, sets: readonly CaptionSetData[]): string {
  const taken = new Set(sets.map(({ name }) => name));
  for (let at = 1; ; at += 1) {
    const name = at === 1 ? wanted : `${wanted} ${at}`;
    if (!taken.has(name)) return name;
  }
}
