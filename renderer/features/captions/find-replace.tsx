import { Button, Checkbox, Group, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';

import type { InputOf, OutputOf } from '../../../electron/contract/api.ts';
import type { CaptionSetData } from '../../../electron/contract/captions.ts';
import { countOf } from '../../components/quantities.ts';
import { showFailure } from '../../studio/failure.ts';
import { media } from '../../studio/media.ts';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';
import { narrowed } from '../datasets/dataset-view.ts';
import { useView } from '../datasets/use-view.tsx';
import classes from './captions-view.module.css';
import { changedPart } from './changed-part.ts';

const noOptions = { regularExpression: false, matchCase: false, wholeWord: false };

/** Replaces text in all captions of a set, or those of the images that are shown, after showing what would change. */
export function FindReplace({ set }: { set: CaptionSetData }) {
  const query = useView((state) => state.query);
  const [find, setFind] = useState('');
  const [replace, setReplace] = useState('');
  const [options, setOptions] = useState(noOptions);
  const [onlyShown, setOnlyShown] = useState(false);
  const request = {
    captionSetId: set.id,
    find,
    replace,
    ...options,
    ...(onlyShown && narrowed(query) ? { query: { ...query, captionSetId: set.id } } : {}),
  };
  const preview = useFound(request);
  const command = useStudioCommand('captions.replace');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        command.mutate(request, { onSuccess: sayChanged, onError: showFailure });
      }}
    >
      <Stack gap="md" maw={760}>
        <Group grow align="start">
          <TextInput
            label="Find"
            value={find}
            error={preview?.fault}
            spellCheck={false}
            onChange={({ currentTarget }) => {
              setFind(currentTarget.value);
            }}
          />
          <TextInput
            label="Replace with"
            value={replace}
            spellCheck={false}
            onChange={({ currentTarget }) => {
              setReplace(currentTarget.value);
            }}
          />
        </Group>
        <Group gap="lg">
          <Options options={options} onChange={setOptions} />
          {narrowed(query) && (
            <Checkbox
              label="Only images shown in the grid"
              checked={onlyShown}
              onChange={({ currentTarget }) => {
                setOnlyShown(currentTarget.checked);
              }}
            />
          )}
        </Group>
        <Group>
          <Button
            type="submit"
            loading={command.isPending}
            disabled={preview === undefined || preview.images === 0}
          >
            Replace all
          </Button>
          <Text size="sm" c="dimmed" className="figures" aria-live="polite">
            {preview === undefined
              ? ''
              : `${countOf(preview.matches, 'match', 'matches')} in ${countOf(preview.images, 'caption')}`}
          </Text>
        </Group>
        <Changes examples={preview?.examples ?? []} />
      </Stack>
    </form>
  );
}

type Found = OutputOf<'captions.previewReplace'>;

/** What would change, a moment after the last key; undefined where nothing is looked for. */
function useFound(request: InputOf<'captions.previewReplace'>): Found | undefined {
  const [settled] = useDebouncedValue(request, 150);
  const { data } = useStudioQuery('captions.previewReplace', settled, {
    enabled: settled.find !== '',
    keepPrevious: true,
  });
  return request.find === '' ? undefined : data;
}

function sayChanged({ images }: OutputOf<'captions.replace'>): void {
  notifications.show({
    title: `${countOf(images, 'caption')} changed`,
    message: 'Ctrl+Z changes them back.',
    withBorder: true,
  });
}

function Options({
  options,
  onChange,
}: {
  options: typeof noOptions;
  onChange: (options: typeof noOptions) => void;
}) {
  const option = (key: keyof typeof options, label: string) => (
    <Checkbox
      label={label}
      checked={options[key]}
      onChange={({ currentTarget }) => {
        onChange({ ...options, [key]: currentTarget.checked });
      }}
    />
  );
  return (
    <>
      {option('matchCase', 'Match case')}
      {option('wholeWord', 'Whole words')}
      {option('regularExpression', 'Regular expression')}
    </>
  );
}

/** Captions as they are and as they would be. */
function Changes({ examples }: Pick<Found, 'examples'>) {
  return (
    <ul className={classes.changes}>
      {examples.map(({ imageId, before, after }) => {
        const part = changedPart(before, after);
        return (
          <li key={imageId}>
            <img src={media.thumbnail(imageId)} alt="" decoding="async" />
            <span>
              {part.head}
              {part.removed !== '' && <del>{part.removed}</del>}
              {part.added !== '' && <ins>{part.added}</ins>}
              {part.tail}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
