import { Button, Kbd, Progress, Skeleton, Stack, Text, Textarea } from '@mantine/core';
import { IconArrowLeft, IconPhotoSearch, IconTextCaption } from '@tabler/icons-react';
import { type KeyboardEvent, useEffect, useState } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { useStore } from 'zustand';

import type { CaptionSetData } from '../../../electron/contract/captions.ts';
import type { DatasetDetail } from '../../../electron/contract/datasets.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { FailureNote } from '../../components/failure-note.tsx';
import { countOf, countText } from '../../components/quantities.ts';
import { media } from '../../studio/media.ts';
import { useStudioQuery } from '../../studio/studio.tsx';
import { useView } from '../datasets/use-view.tsx';
import { CaptionCutNote } from './caption-cut-note.tsx';
import { createDrafts, discard, draft, firstPlace, nextWanted } from './caption-drafts.ts';
import { useCaptionText } from './use-caption-text.ts';
import { useOrder } from './use-order.ts';
import { useWriteOnLeaving } from './use-write-on-leaving.ts';
import classes from './write-view.module.css';

/** Writing captions one after the other with the keyboard alone: the picture large, the text always in focus. */
export function WriteView({ dataset }: { dataset: DatasetDetail }) {
  const query = useView((state) => state.query);
  const { data: sets, error } = useStudioQuery('captions.sets', { datasetId: dataset.id });
  const named = useNamedPlace();
  const set =
    sets?.find(({ id }) => id === named.set) ??
    sets?.find(({ id }) => id === query.captionSetId) ??
    sets?.[0];
  const order = useOrder(dataset.id, set?.id ?? null);
  const { data: without } = useStudioQuery(
    'datasets.imageIds',
    { datasetId: dataset.id, query: { filter: 'uncaptioned', captionSetId: set?.id ?? null } },
    { enabled: set !== undefined },
  );
  if (error !== null) return <FailureNote error={error} />;
  if (sets === undefined || order === null) return <Skeleton h="100%" radius={0} />;
  if (set === undefined) {
    return (
      <EmptyState
        icon={<IconTextCaption size={40} stroke={1.2} />}
        title="No caption set to write into"
        action={<Link href={`/datasets/${dataset.id}/captions`}>Make one</Link>}
      />
    );
  }
  if (order.length === 0) {
    return (
      <EmptyState
        icon={<IconPhotoSearch size={40} stroke={1.2} />}
        title="No images to caption"
        action={<Link href={`/datasets/${dataset.id}`}>Change what the grid shows</Link>}
      />
    );
  }
  if (without === undefined) return <Skeleton h="100%" radius={0} />;
  return <Writing key={set.id} dataset={dataset} set={set} order={order} without={without} />;
}

/** The set and the image that the address names; 0 where it names none. */
function useNamedPlace(): { readonly set: number; readonly image: number } {
  const params = new URLSearchParams(useSearch());
  return { set: Number(params.get('set') ?? 0), image: Number(params.get('image') ?? 0) };
}

function Writing({
  dataset,
  set,
  order,
  without,
}: {
  dataset: DatasetDetail;
  set: CaptionSetData;
  order: readonly number[];
  /** Images that have no caption in the set. */
  without: readonly number[];
}) {
  const writing = useWriting(dataset.id, set, order, without);
  const { at, image } = writing;
  const imageId = order[at]!;
  const next = order[at + 1];
  return (
    <div className={classes.view}>
      <div className={classes.picture}>
        <img
          key={imageId}
          src={media.image(imageId)}
          alt={image?.file ?? ''}
          data-enlarged={(image !== undefined && Math.max(image.width, image.height) <= 128) || undefined}
        />
        {next !== undefined && <img src={media.image(next)} alt="" hidden />}
      </div>
      <aside className={classes.side}>
        <div className={classes.line}>
          <Button
            component={Link}
            href={`/datasets/${dataset.id}/captions`}
            size="xs"
            variant="subtle"
            color="gray"
            leftSection={<IconArrowLeft size={14} aria-hidden />}
          >
            {set.name}
          </Button>
          <Text size="sm" c="dimmed" className="figures">
            {countText(at + 1)} of {countOf(order.length, 'image')}
          </Text>
        </div>
        <CaptionText writing={writing} />
        <Captioned set={set} onNext={writing.goNextWithout} />
        <Keys />
      </aside>
    </div>
  );
}

/** Where the writer is, what is written there, and the ways on. */
function useWriting(
  datasetId: number,
  set: CaptionSetData,
  order: readonly number[],
  without: readonly number[],
) {
  const selected = useView((state) => state.selection.ids);
  const named = useNamedPlace();
  const [at, setAt] = useState(() => firstPlace(order, named.image, selected, new Set(without)));
  const [drafts] = useState(createDrafts);
  const here = order[at]!;
  const [, navigate] = useLocation();
  useEffect(() => {
    navigate(`/datasets/${datasetId}/write?set=${set.id}&image=${here}`, { replace: true });
  }, [navigate, datasetId, set.id, here]);
  useWriteOnLeaving(set.id, drafts);
  const [said, setSaid] = useState('');
  const imageId = order[at]!;
  const { image, saved, write } = useCaptionText(set.id, imageId, drafts);
  const typed = useStore(drafts, ({ texts }) => texts.get(imageId));
  /** Writes what was typed, and goes there; where that leads nowhere, says so. */
  const go = (to: number | null, elseSay: string) => {
    if (typed !== undefined) write(typed);
    if (to === null || to < 0 || to >= order.length) setSaid(elseSay);
    else {
      setSaid('');
      setAt(to);
    }
  };
  return {
    at,
    image,
    saved,
    typed,
    said,
    write,
    go,
    goNextWithout: () => {
      const wanted = new Set(without);
      if (typed !== undefined) wanted.delete(imageId);
      go(nextWanted(order, at, wanted), 'Every image has a caption.');
    },
    type: (text: string) => {
      draft(drafts, imageId, text);
    },
    takeBack: () => {
      discard(drafts, imageId);
    },
  };
}
type Writing = ReturnType<typeof useWriting>;

/** The text, how it stands, and the empty caption for those who mean it. */
function CaptionText({ writing }: { writing: Writing }) {
  const { at, image, saved, typed, said, write, go, goNextWithout, type, takeBack } = writing;
  const ready = image !== undefined;
  const newLine = (field: HTMLTextAreaElement) => {
    field.setRangeText('\n', field.selectionStart, field.selectionEnd, 'end');
    type(field.value);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Escape') takeBack();
    else if (event.key === 'Enter' && event.altKey) goNextWithout();
    else if (event.key === 'Enter' && event.shiftKey) go(at - 1, 'This is the first image.');
    else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) newLine(event.currentTarget);
    else if (event.key === 'Enter') go(at + 1, 'That was the last image.');
    else return;
    event.preventDefault();
  };
  const state = typed !== undefined ? 'Not saved yet' : saved === '' ? 'No words, on purpose' : ' ';
  return (
    <>
      <Textarea
        autoFocus
        label={image?.file ?? ' '}
        aria-label="Caption"
        autosize
        minRows={5}
        maxRows={14}
        value={typed ?? saved ?? ''}
        readOnly={!ready}
        data-saved={typed === undefined || undefined}
        onChange={({ currentTarget }) => {
          type(currentTarget.value);
        }}
        onKeyDown={onKeyDown}
      />
      <CaptionCutNote key={image?.id} text={typed ?? saved ?? ''} />
      <div className={classes.line}>
        <Text size="sm" c="dimmed" role="status">
          {said !== '' ? said : state}
        </Text>
        <Button
          size="xs"
          variant="default"
          disabled={!ready || saved === ''}
          onClick={() => {
            write('', true);
          }}
        >
          No words on purpose
        </Button>
      </div>
    </>
  );
}

/** How far the set is captioned, and the way to what is not. */
function Captioned({ set: { captioned, uncaptioned }, onNext }: { set: CaptionSetData; onNext: () => void }) {
  const all = captioned + uncaptioned;
  return (
    <Stack gap={6}>
      <Progress
        size={4}
        value={all === 0 ? 0 : (captioned / all) * 100}
        aria-label="Images that have a caption"
      />
      <div className={classes.line}>
        <Text size="sm" c="dimmed" className="figures">
          {countText(captioned)} captioned, {countText(uncaptioned)} to go
        </Text>
        <Button size="xs" variant="default" disabled={uncaptioned === 0} onClick={onNext}>
          Next without a caption
        </Button>
      </div>
    </Stack>
  );
}

const keys: readonly (readonly [string, string])[] = [
  ['Enter', 'save and go to the next'],
  ['Shift Enter', 'save and go back'],
  ['Alt Enter', 'save and go to the next without a caption'],
  ['Ctrl Enter', 'new line'],
  ['Escape', 'undo the typing'],
];

function Keys() {
  return (
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
  );
}
