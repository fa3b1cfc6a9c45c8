import { ActionIcon, Button, Group, Menu, Text, TextInput, VisuallyHidden } from '@mantine/core';
import { IconDots, IconFilter, IconPencil, IconSearch, IconTags, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useLocation } from 'wouter';

import type { OutputOf } from '../../../electron/contract/api.ts';
import type { CaptionSetData } from '../../../electron/contract/captions.ts';
import type { DatasetDetail } from '../../../electron/contract/datasets.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { FailureNote } from '../../components/failure-note.tsx';
import { countOf, countText } from '../../components/quantities.ts';
import { RenameDialog } from '../../components/rename-dialog.tsx';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';
import { changeQuery } from '../datasets/dataset-view.ts';
import { useHere } from '../datasets/use-view.tsx';
import classes from './captions-view.module.css';

/** As many chips are drawn; beyond, one searches. */
const mostChips = 400;

type Tag = OutputOf<'captions.tags'>[number];

/** The tags of a set with how many images have each: to look at those images, to rename it, to take it out. */
export function TagsPane({ dataset, set }: { dataset: DatasetDetail; set: CaptionSetData }) {
  const { view } = useHere();
  const [, navigate] = useLocation();
  const [search, setSearch] = useState('');
  const [renaming, setRenaming] = useState<string | null>(null);
  const { data: tags, error } = useStudioQuery(
    'captions.tags',
    { captionSetId: set.id },
    { keepPrevious: true },
  );
  const edit = useStudioCommand('captions.editTag');
  if (error !== null) return <FailureNote error={error} />;
  if (tags?.length === 0) {
    return (
      <EmptyState icon={<IconTags size={40} stroke={1.2} />} title="No captions, so no tags">
        The parts of a caption between commas are its tags.
      </EmptyState>
    );
  }
  const found = tags?.filter(({ tag }) => tag.toLowerCase().includes(search.trim().toLowerCase())) ?? [];
  return (
    <>
      <Group mb="md">
        <TextInput
          w={240}
          aria-label="Search tags"
          placeholder="Search tags"
          leftSection={<IconSearch size={16} aria-hidden />}
          value={search}
          onChange={({ currentTarget }) => {
            setSearch(currentTarget.value);
          }}
        />
        <Text size="sm" c="dimmed" className="figures">
          {tags === undefined ? '' : `${countOf(found.length, 'tag')}. Click one to see its images.`}
        </Text>
      </Group>
      <ul className={classes.tags}>
        {found.slice(0, mostChips).map((tag) => (
          <TagChip
            key={tag.tag}
            tag={tag}
            onShow={() => {
              changeQuery(view, { tag: tag.tag, captionSetId: set.id, filter: 'all', search: '' });
              navigate(`/datasets/${dataset.id}`);
            }}
            onRename={() => {
              setRenaming(tag.tag);
            }}
            onRemove={() => {
              edit.mutate(
                { captionSetId: set.id, edit: { kind: 'remove', tag: tag.tag } },
                { onError: showFailure },
              );
            }}
          />
        ))}
      </ul>
      {found.length > mostChips && (
        <Text size="sm" c="dimmed" mt="md">
          And {countText(found.length - mostChips)} more. Search to find them.
        </Text>
      )}
      <RenameTag
        captionSetId={set.id}
        tag={renaming}
        onClose={() => {
          setRenaming(null);
        }}
      />
    </>
  );
}

function TagChip({
  tag: { tag, images },
  onShow,
  onRename,
  onRemove,
}: {
  tag: Tag;
  onShow: () => void;
  onRename: () => void;
  onRemove: () => void;
}) {
  return (
    <li className={classes.tag}>
      <Button
        size="compact-sm"
        variant="transparent"
        c="var(--sf-ink)"
        fw={400}
        title="Show its images"
        onClick={onShow}
      >
        <span className={classes.tagName}>{tag}</span>
        <span className={`${classes.tagCount} figures`}>
          {countText(images)}
          <VisuallyHidden>{images === 1 ? ' image' : ' images'}</VisuallyHidden>
        </span>
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`More for ${tag}`}>
            <IconDots size={14} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconFilter size={16} aria-hidden />} onClick={onShow}>
            Show its images
          </Menu.Item>
          <Menu.Item leftSection={<IconPencil size={16} aria-hidden />} onClick={onRename}>
            Rename in all captions…
          </Menu.Item>
          <Menu.Item
            c="var(--mantine-color-error)"
            leftSection={<IconTrash size={16} aria-hidden />}
            onClick={onRemove}
          >
            Remove from all captions
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </li>
  );
}

function RenameTag({
  captionSetId,
  tag,
  onClose,
}: {
  captionSetId: number;
  /** Null: none is renamed. */
  tag: string | null;
  onClose: () => void;
}) {
  const edit = useStudioCommand('captions.editTag');
  return (
    <RenameDialog
      open={tag !== null}
      title="Rename tag in all captions"
      label="Tag"
      name={tag ?? ''}
      busy={edit.isPending}
      onClose={onClose}
      onRename={(to) => {
        if (tag === null) return;
        edit.mutate(
          { captionSetId, edit: { kind: 'rename', tag, to } },
          { onSuccess: onClose, onError: showFailure },
        );
      }}
    />
  );
}
