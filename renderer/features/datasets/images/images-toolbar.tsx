import {
  ActionIcon,
  CloseButton,
  NativeSelect,
  Pill,
  Slider,
  TextInput,
  Tooltip,
  UnstyledButton,
} from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch, IconSortAscending, IconSortDescending } from '@tabler/icons-react';
import { useState } from 'react';

import type { CaptionSetData } from '../../../../electron/contract/captions.ts';
import type { DatasetDetail, ImageQuery } from '../../../../electron/contract/datasets.ts';
import { captionedText } from '../../../components/caption-source.ts';
import { countOf, countText } from '../../../components/quantities.ts';
import { changeQuery, setTile, tileRange } from '../dataset-view.ts';
import { useHere, useView } from '../use-view.tsx';
import classes from './images-view.module.css';
import { SplitMenu } from './split-menu.tsx';

const filters: readonly { readonly value: ImageQuery['filter']; readonly label: string }[] = [
  { value: 'all', label: 'All images' },
  { value: 'training', label: 'For training' },
  { value: 'held-out', label: 'Held out' },
  { value: 'excluded', label: 'Excluded' },
  { value: 'captioned', label: 'Captioned' },
  { value: 'uncaptioned', label: 'Without a caption' },
  { value: 'duplicates', label: 'Duplicates' },
];
const sorts: readonly { readonly value: ImageQuery['sort']; readonly label: string }[] = [
  { value: 'name', label: 'Name' },
  { value: 'added', label: 'Added' },
  { value: 'bytes', label: 'File size' },
  { value: 'pixels', label: 'Pixels' },
  { value: 'aspect', label: 'Aspect ratio' },
  { value: 'caption', label: 'Caption' },
];

/** Search, filter, order and size of the grid, and the counts that are always there. */
export function ImagesToolbar({
  dataset,
  sets,
  shown,
}: {
  dataset: DatasetDetail;
  sets: readonly CaptionSetData[];
  /** As many images the query selects. */
  shown: number | undefined;
}) {
  const { view } = useHere();
  const query = useView((state) => state.query);
  const tile = useView((state) => state.tile);
  return (
    <>
      <div className={classes.toolbar}>
        <Search />
        <NativeSelect
          aria-label="Filter"
          w={160}
          value={query.filter}
          data={filters}
          onChange={({ currentTarget }) => {
            changeQuery(view, { filter: currentTarget.value as ImageQuery['filter'] });
          }}
        />
        <NativeSelect
          aria-label="Sort by"
          w={130}
          value={query.sort}
          data={sorts}
          onChange={({ currentTarget }) => {
            changeQuery(view, { sort: currentTarget.value as ImageQuery['sort'] });
          }}
        />
        <Tooltip label={query.descending ? 'Descending' : 'Ascending'}>
          <ActionIcon
            variant="default"
            size={36}
            aria-label={query.descending ? 'Order: descending' : 'Order: ascending'}
            onClick={() => {
              changeQuery(view, { descending: !query.descending });
            }}
          >
            {query.descending ? <IconSortDescending size={18} /> : <IconSortAscending size={18} />}
          </ActionIcon>
        </Tooltip>
        <NativeSelect
          aria-label="Caption set"
          w={180}
          value={String(query.captionSetId ?? '')}
          data={
            sets.length === 0
              ? [{ value: '', label: 'No caption set' }]
              : sets.map(({ id, name }) => ({ value: String(id), label: name }))
          }
          disabled={sets.length === 0}
          onChange={({ currentTarget }) => {
            changeQuery(view, { captionSetId: Number(currentTarget.value), tag: null });
          }}
        />
        <SplitMenu dataset={dataset} />
        <Slider
          w={120}
          ml="auto"
          size="sm"
          label={null}
          thumbLabel="Picture size"
          min={tileRange.min}
          max={tileRange.max}
          step={4}
          value={tile}
          onChange={(value) => {
            setTile(view, value, localStorage);
          }}
        />
      </div>
      <Counts set={sets.find(({ id }) => id === query.captionSetId)} shown={shown} dataset={dataset} />
    </>
  );
}

function Search() {
  const { view } = useHere();
  const search = useView((state) => state.query.search);
  const [typed, setTyped] = useState<string | null>(null);
  const apply = useDebouncedCallback((text: string) => {
    changeQuery(view, { search: text });
    setTyped(null);
  }, 200);
  const type = (text: string) => {
    setTyped(text);
    apply(text);
  };
  const text = typed ?? search;
  return (
    <TextInput
      w={240}
      aria-label="Search captions, file names and metadata"
      placeholder="Search"
      value={text}
      leftSection={<IconSearch size={16} aria-hidden />}
      rightSection={
        text !== '' && (
          <CloseButton
            size="sm"
            aria-label="Clear search"
            onClick={() => {
              type('');
            }}
          />
        )
      }
      onChange={({ currentTarget }) => {
        type(currentTarget.value);
      }}
    />
  );
}

/** How many images there are of each kind; a click shows those alone. */
function Counts({
  dataset: { images, heldOut, excluded },
  set,
  shown,
}: {
  dataset: DatasetDetail;
  set: CaptionSetData | undefined;
  shown: number | undefined;
}) {
  const { view } = useHere();
  const { filter, tag } = useView((state) => state.query);
  const selected = useView((state) => state.selection.ids.size);
  const kinds: readonly (readonly [ImageQuery['filter'], string])[] = [
    ['all', countOf(images, 'image')],
    ...(set === undefined
      ? []
      : ([
          ['captioned', captionedText(set)],
          ['uncaptioned', `${countText(set.uncaptioned)} without a caption`],
        ] as const)),
    ['held-out', `${countText(heldOut)} held out`],
    ['excluded', `${countText(excluded)} excluded`],
  ];
  return (
    <div className={`${classes.counts} figures`}>
      {kinds.map(([kind, label]) => (
        <UnstyledButton
          key={kind}
          className={classes.countLink}
          data-here={filter === kind || undefined}
          aria-pressed={filter === kind}
          onClick={() => {
            changeQuery(view, { filter: kind });
          }}
        >
          {label}
        </UnstyledButton>
      ))}
      {tag !== null && (
        <Pill
          size="sm"
          withRemoveButton
          removeButtonProps={{ 'aria-label': `Show images without the tag ${tag} too` }}
          onRemove={() => {
            changeQuery(view, { tag: null });
          }}
        >
          {tag}
        </Pill>
      )}
      <span style={{ marginLeft: 'auto' }} aria-live="polite">
        {selected > 0
          ? `${countText(selected)} selected`
          : shown !== undefined && shown !== images
            ? `${countText(shown)} shown`
            : ''}
      </span>
    </div>
  );
}
