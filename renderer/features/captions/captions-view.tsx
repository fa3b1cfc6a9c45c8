import { ActionIcon, Button, Menu, Skeleton, Stack, Tabs, Text } from '@mantine/core';
import {
  IconCopy,
  IconDots,
  IconKeyboard,
  IconPencil,
  IconPlus,
  IconTextCaption,
  IconTrash,
} from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { Link, useLocation, useSearch } from 'wouter';

import type { CaptionSetData } from '../../../electron/contract/captions.ts';
import type { DatasetDetail } from '../../../electron/contract/datasets.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { FailureNote } from '../../components/failure-note.tsx';
import { RenameDialog } from '../../components/rename-dialog.tsx';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';
import { changeQuery } from '../datasets/dataset-view.ts';
import { useHere, useView } from '../datasets/use-view.tsx';
import { CaptionSetList } from './caption-set-list.tsx';
import { CaptioningStrip } from './captioning-strip.tsx';
import classes from './captions-view.module.css';
import { FillPane } from './fill-pane.tsx';
import { FindReplace } from './find-replace.tsx';
import { NewCaptionSet } from './new-caption-set.tsx';
import { TagOptionsPane } from './tag-options.tsx';
import { TagsPane } from './tags-pane.tsx';

/** The caption sets of a data set, and one of them to work on. */
export function CaptionsView({ dataset }: { dataset: DatasetDetail }) {
  const { view } = useHere();
  const { data: sets, error, refetch } = useStudioQuery('captions.sets', { datasetId: dataset.id });
  const chosenId = useView((state) => state.query.captionSetId);
  const [making, setMaking] = useAskedToMake();
  const choose = (captionSetId: number) => {
    changeQuery(view, { captionSetId, tag: null });
  };
  if (error !== null) {
    return (
      <Stack p="lg">
        <FailureNote error={error} onRetry={() => void refetch()} />
      </Stack>
    );
  }
  if (sets === undefined) return <Skeleton h="100%" radius={0} />;
  const set = sets.find(({ id }) => id === chosenId) ?? sets[0];
  const make = (
    <Button
      variant={set === undefined ? 'filled' : 'default'}
      leftSection={<IconPlus size={16} aria-hidden />}
      onClick={() => {
        setMaking(true);
      }}
    >
      New caption set…
    </Button>
  );
  return (
    <>
      {set === undefined ? (
        <EmptyState icon={<IconTextCaption size={40} stroke={1.2} />} title="No captions yet" action={make}>
          A caption set describes these images in one way. A data set can have several, and training can
          compare them.
        </EmptyState>
      ) : (
        <div className={classes.view}>
          <aside className={classes.list}>
            <CaptionSetList sets={sets} chosenId={set.id} onChoose={choose} />
            {make}
          </aside>
          <SetPane key={set.id} dataset={dataset} set={set} sets={sets} onChoose={choose} />
        </div>
      )}
      <NewCaptionSet
        open={making}
        dataset={dataset}
        sets={sets}
        onClose={() => {
          setMaking(false);
        }}
        onMade={(captionSetId) => {
          setMaking(false);
          choose(captionSetId);
        }}
      />
    </>
  );
}

/** Whether a new set is being made: from the start where the address asks for one, which is then taken out of it. */
function useAskedToMake() {
  const asked = new URLSearchParams(useSearch()).get('new') === 'set';
  const [location, navigate] = useLocation();
  const state = useState(asked);
  useEffect(() => {
    if (asked) navigate(location, { replace: true });
  }, [asked, location, navigate]);
  return state;
}

function SetPane({
  dataset,
  set,
  sets,
  onChoose,
}: {
  dataset: DatasetDetail;
  set: CaptionSetData;
  sets: readonly CaptionSetData[];
  onChoose: (captionSetId: number) => void;
}) {
  return (
    <section className={classes.pane} aria-label={set.name}>
      <header className={classes.head}>
        <Text fw={600} size="lg" truncate>
          {set.name}
        </Text>
        <Button
          component={Link}
          href={`/datasets/${dataset.id}/write?set=${set.id}`}
          ml="auto"
          variant="default"
          leftSection={<IconKeyboard size={16} aria-hidden />}
          onClick={() => {
            onChoose(set.id);
          }}
        >
          Write by hand
        </Button>
        <SetMenu set={set} onChoose={onChoose} />
      </header>
      <CaptioningStrip datasetId={dataset.id} captionSetId={set.id} />
      <Tabs defaultValue="texts" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="texts">Texts</Tabs.Tab>
          <Tabs.Tab value="replace">Find and replace</Tabs.Tab>
          <Tabs.Tab value="tags">Tags</Tabs.Tab>
          <Tabs.Tab value="training">While training</Tabs.Tab>
        </Tabs.List>
        <div className={classes.panel}>
          <Tabs.Panel value="texts">
            <FillPane dataset={dataset} set={set} sets={sets} />
          </Tabs.Panel>
          <Tabs.Panel value="replace">
            <FindReplace set={set} />
          </Tabs.Panel>
          <Tabs.Panel value="tags">
            <TagsPane dataset={dataset} set={set} />
          </Tabs.Panel>
          <Tabs.Panel value="training">
            <TagOptionsPane set={set} />
          </Tabs.Panel>
        </div>
      </Tabs>
    </section>
  );
}

function SetMenu({ set, onChoose }: { set: CaptionSetData; onChoose: (captionSetId: number) => void }) {
  const [asking, setAsking] = useState<'rename' | 'remove' | null>(null);
  const rename = useStudioCommand('captions.renameSet');
  const remove = useStudioCommand('captions.removeSet');
  const copy = useStudioCommand('captions.createSet');
  const close = () => {
    setAsking(null);
  };
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="default" size={36} aria-label={`More for ${set.name}`}>
            <IconDots size={16} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconPencil size={16} aria-hidden />}
            onClick={() => {
              setAsking('rename');
            }}
          >
            Rename…
          </Menu.Item>
          <Menu.Item
            leftSection={<IconCopy size={16} aria-hidden />}
            onClick={() => {
              copy.mutate(
                {
                  datasetId: set.datasetId,
                  name: `${set.name} (copy)`,
                  source: { kind: 'copy', captionSetId: set.id },
                },
                {
                  onSuccess: ({ captionSetId }) => {
                    onChoose(captionSetId);
                  },
                  onError: showFailure,
                },
              );
            }}
          >
            Copy
          </Menu.Item>
          <Menu.Item
            c="var(--mantine-color-error)"
            leftSection={<IconTrash size={16} aria-hidden />}
            onClick={() => {
              setAsking('remove');
            }}
          >
            Remove…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <RenameDialog
        open={asking === 'rename'}
        title="Rename caption set"
        name={set.name}
        busy={rename.isPending}
        onClose={close}
        onRename={(name) => {
          rename.mutate({ captionSetId: set.id, name }, { onSuccess: close, onError: showFailure });
        }}
      />
      <ConfirmDialog
        open={asking === 'remove'}
        title={`Remove ${set.name}?`}
        confirm="Remove caption set"
        busy={remove.isPending}
        onClose={close}
        onConfirm={() => {
          remove.mutate({ captionSetId: set.id }, { onSettled: close, onError: showFailure });
        }}
      >
        All of its captions are deleted, those written by hand too.
      </ConfirmDialog>
    </>
  );
}
