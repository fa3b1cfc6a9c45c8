import { Button, Checkbox, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';

import type { CaptionSetData, CaptionSource } from '../../../electron/contract/captions.ts';
import type { DatasetDetail } from '../../../electron/contract/datasets.ts';
import { countOf, countText } from '../../components/quantities.ts';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand } from '../../studio/studio.tsx';
import classes from './captions-view.module.css';
import { ModelPreview } from './model-preview.tsx';
import { isComplete, SourceForm } from './source-form.tsx';
import { SourcePreview, useSourcePreview } from './source-preview.tsx';

/** Where a set's texts come from, to make them anew with a preview. */
export function FillPane({
  dataset,
  set,
  sets,
}: {
  dataset: DatasetDetail;
  set: CaptionSetData;
  sets: readonly CaptionSetData[];
}) {
  const [source, setSource] = useState<CaptionSource>(set.source);
  const [overwrite, setOverwrite] = useState(false);
  const { preview, fault } = useSourcePreview(dataset.id, source, 6);
  const fill = useStudioCommand('captions.fill');
  const same = JSON.stringify(source) === JSON.stringify(set.source);
  return (
    <form
      className={classes.fill}
      onSubmit={(event) => {
        event.preventDefault();
        fill.mutate(
          { captionSetId: set.id, source, overwrite },
          {
            onSuccess: () => {
              // Captions by a model come behind, and how far they are is shown above.
              if (source.kind === 'model') return;
              notifications.show({
                title: `${set.name} has new captions`,
                message: 'Ctrl+Z brings the old captions back.',
                withBorder: true,
              });
            },
            onError: showFailure,
          },
        );
      }}
    >
      <Stack gap="md">
        <SourceForm
          dataset={dataset}
          sets={sets.filter(({ id }) => id !== set.id)}
          source={source}
          fault={fault}
          onChange={setSource}
        />
        {set.byHand > 0 && (
          <Checkbox
            checked={overwrite}
            onChange={({ currentTarget }) => {
              setOverwrite(currentTarget.checked);
            }}
            label={`Replace ${countOf(set.byHand, 'caption')} changed by hand too`}
          />
        )}
        <Button
          type="submit"
          w="fit-content"
          variant={same ? 'default' : 'filled'}
          loading={fill.isPending}
          disabled={!isComplete(source) || fault !== null}
        >
          {same ? 'Make the captions again' : 'Use for all captions'}
        </Button>
        <Text size="xs" c="dimmed">
          {set.byHand > 0 && !overwrite ? 'Captions changed by hand stay as they are. ' : ''}
          You can undo this.
        </Text>
      </Stack>
      <div className={classes.previewPane}>
        {source.kind === 'hand' ? (
          <Text size="sm" className="figures">
            {countOf(set.captioned, 'image')} with a caption
            {set.uncaptioned > 0 && `, ${countText(set.uncaptioned)} without`}. Choose 'Write by hand' to go
            on.
          </Text>
        ) : source.kind === 'model' ? (
          <ModelPreview
            key={source.captionerId}
            datasetId={dataset.id}
            source={source}
            images={dataset.images - dataset.excluded}
          />
        ) : (
          <SourcePreview source={source} preview={fault === null ? preview : undefined} />
        )}
      </div>
    </form>
  );
}
