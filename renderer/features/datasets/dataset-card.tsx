import { ActionIcon, Anchor, Badge, Group, Menu, Text } from '@mantine/core';
import { IconDots, IconPencil, IconRefresh, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';

import type { DatasetSummary } from '../../../electron/contract/datasets.ts';
import { countOf, countText } from '../../components/quantities.ts';
import { RenameDialog } from '../../components/rename-dialog.tsx';
import { showFailure } from '../../studio/failure.ts';
import { media } from '../../studio/media.ts';
import { useStudioCommand } from '../../studio/studio.tsx';
import classes from './datasets-screen.module.css';
import { ImportStrip } from './import/import-strip.tsx';
import { RemoveDataset } from './remove-dataset.tsx';

/** One data set among all: what it looks like and what is in it. */
export function DatasetCard({ dataset }: { dataset: DatasetSummary }) {
  const { id, name, images, heldOut, excluded, problems, captionSets, cover, embedded } = dataset;
  const facts = [
    heldOut > 0 ? `${countText(heldOut)} held out` : '',
    excluded > 0 ? `${countText(excluded)} excluded` : '',
    countOf(captionSets, 'caption set'),
  ].filter((fact) => fact !== '');
  return (
    <li className={classes.card}>
      <Link href={`/datasets/${id}`} className={classes.cover} tabIndex={-1} aria-hidden>
        {[0, 1, 2, 3].map((at) => {
          const imageId = cover[at];
          return imageId === undefined ? (
            <span key={at} />
          ) : (
            <img key={at} src={media.thumbnail(imageId)} alt="" decoding="async" />
          );
        })}
      </Link>
      <div className={classes.about}>
        <Group justify="space-between" wrap="nowrap" gap="xs">
          <Group gap="xs" wrap="nowrap" miw={0}>
            <Anchor component={Link} href={`/datasets/${id}`} fw={600} c="var(--sf-ink)" truncate>
              {name}
            </Anchor>
            {embedded && (
              <Badge size="sm" variant="default" flex="none">
                Sample
              </Badge>
            )}
          </Group>
          <CardMenu dataset={dataset} />
        </Group>
        <Text size="sm" className="figures">
          {countOf(images, 'image')}
        </Text>
        <Text size="sm" c="dimmed" className="figures">
          {facts.join(' · ')}
        </Text>
        {problems > 0 && (
          <Anchor component={Link} href={`/datasets/${id}/problems`} size="sm" className="figures">
            {countOf(problems, 'file')} could not be used
          </Anchor>
        )}
        <ImportStrip datasetId={id} importing={dataset.importing} />
      </div>
    </li>
  );
}

function CardMenu({ dataset: { id, name, importing, folder } }: { dataset: DatasetSummary }) {
  const [asking, setAsking] = useState<'rename' | 'remove' | null>(null);
  const rename = useStudioCommand('datasets.rename');
  const rescan = useStudioCommand('datasets.rescan');
  const close = () => {
    setAsking(null);
  };
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`More for ${name}`}>
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
            leftSection={<IconRefresh size={16} aria-hidden />}
            disabled={importing || folder === null}
            onClick={() => {
              rescan.mutate({ datasetId: id }, { onError: showFailure });
            }}
          >
            Read its folder again
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
        title="Rename data set"
        name={name}
        busy={rename.isPending}
        onClose={close}
        onRename={(to) => {
          rename.mutate({ datasetId: id, name: to }, { onSuccess: close, onError: showFailure });
        }}
      />
      <RemoveDataset datasetId={id} name={name} open={asking === 'remove'} onClose={close} />
    </>
  );
}
