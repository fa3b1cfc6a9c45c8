import { Autocomplete, Button, Group, Stack } from '@mantine/core';
import { useState } from 'react';

import type { CaptionSetData } from '../../../electron/contract/captions.ts';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';

type Edit = { readonly kind: 'add'; readonly at: 'front' | 'end' } | { readonly kind: 'remove' };

/** Adds a tag to the captions of these images, or takes it out of them. */
export function AddTag({ set, imageIds }: { set: CaptionSetData; imageIds: readonly number[] }) {
  const [typed, setTyped] = useState('');
  const { data: tags = [] } = useStudioQuery('captions.tags', { captionSetId: set.id });
  const { mutate, isPending } = useStudioCommand('captions.editTag');
  const tag = typed.trim();
  const edit = (how: Edit) => {
    mutate(
      { captionSetId: set.id, edit: { ...how, tag }, imageIds: [...imageIds] },
      {
        onSuccess: () => {
          setTyped('');
        },
        onError: showFailure,
      },
    );
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (tag !== '') edit({ kind: 'add', at: 'end' });
      }}
    >
      <Stack gap="xs">
        <Autocomplete
          label={`Tag in ${set.name}`}
          description="A part of the caption between commas"
          value={typed}
          onChange={setTyped}
          data={tags.slice(0, 500).map(({ tag: name }) => name)}
          limit={8}
        />
        <Group gap="xs">
          <Button type="submit" size="xs" variant="default" disabled={tag === ''} loading={isPending}>
            Add at the end
          </Button>
          <Button
            size="xs"
            variant="default"
            disabled={tag === '' || isPending}
            onClick={() => {
              edit({ kind: 'add', at: 'front' });
            }}
          >
            Add in front
          </Button>
          <Button
            size="xs"
            variant="default"
            disabled={tag === '' || isPending}
            onClick={() => {
              edit({ kind: 'remove' });
            }}
          >
            Remove
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
