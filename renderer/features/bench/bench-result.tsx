import { ActionIcon, Alert, Button, Center, Group, Loader, Text, Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconArrowBackUp, IconStar, IconStarFilled, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';

import type { Sample } from '../../../electron/contract/gallery.ts';
import { samplerLabel } from '../../../electron/contract/values.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { FittedFrame } from '../../components/pictures/fitted-frame.tsx';
import { Picture } from '../../components/pictures/picture.tsx';
import { sampleAddress } from '../../components/pictures/sample-address.ts';
import { SavePicture } from '../../components/pictures/save-picture.tsx';
import { useZoomArea } from '../../components/pictures/use-zoom.ts';
import type { ZoomStore } from '../../components/pictures/zoom-store.ts';
import { promptText } from '../../components/prompt-text.ts';
import { countOf } from '../../components/quantities.ts';
import classes from './bench-screen.module.css';

/** The picture that is looked at, and what can be done with it. */
export function BenchResult({
  sample,
  modelName,
  zoom,
  onFavourite,
  onReuse,
  onRetry,
  onRemove,
}: {
  sample: Sample;
  modelName: string;
  zoom: ZoomStore;
  onFavourite: () => void;
  onReuse: () => void;
  /** Of a picture that was not made. */
  onRetry: () => void;
  onRemove: () => void;
}) {
  const [asking, setAsking] = useState(false);
  const area = useZoomArea(zoom, 'always');
  const { recipe, seed, status } = sample;
  return (
    <section className={classes.result} aria-label="Result">
      <div className={classes.stage} ref={area}>
        <Stage {...{ sample, zoom, onRetry, onRemove }} />
      </div>
      <Group className={classes.facts} justify="space-between" wrap="nowrap" gap="md">
        <div className={classes.words}>
          <Text size="sm" fw={500} truncate title={sample.prompt}>
            {promptText(sample)}
          </Text>
          <Text size="xs" c="dimmed" truncate className="figures">
            {modelName}, seed {seed}, {samplerLabel(recipe.sampler)}, {countOf(recipe.steps, 'step')},
            guidance {recipe.guidanceScale}
            {recipe.clipSkip === undefined ? '' : `, clip skip ${recipe.clipSkip}`}, {recipe.width} ×{' '}
            {recipe.height}
            {sample.negativePrompt === '' ? '' : `, without ${sample.negativePrompt}`}
          </Text>
        </div>
        <Group gap={6} wrap="nowrap">
          <Button
            size="xs"
            variant="default"
            leftSection={<IconArrowBackUp size={16} aria-hidden />}
            onClick={onReuse}
          >
            Use these settings
          </Button>
          {status === 'ready' && (
            <SavePicture
              size="xs"
              variant="default"
              sampleId={sample.id}
              name={`${promptText(sample)}, ${modelName}, seed ${seed}`}
            />
          )}
          <Tooltip label={sample.favourite ? 'Remove from favourites (F)' : 'Add to favourites (F)'}>
            <ActionIcon
              variant="subtle"
              color={sample.favourite ? 'clay' : 'gray'}
              size="lg"
              aria-label="Favourite"
              aria-pressed={sample.favourite}
              disabled={status !== 'ready'}
              onClick={onFavourite}
            >
              {sample.favourite ? <IconStarFilled size={18} /> : <IconStar size={18} />}
            </ActionIcon>
          </Tooltip>
          <Tooltip label="Delete">
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              aria-label="Delete"
              onClick={() => {
                setAsking(true);
              }}
            >
              <IconTrash size={18} />
            </ActionIcon>
          </Tooltip>
        </Group>
      </Group>
      <AskToDelete
        open={asking}
        onClose={() => {
          setAsking(false);
        }}
        onDelete={onRemove}
      />
    </section>
  );
}

function Stage({
  sample,
  zoom,
  onRetry,
  onRemove,
}: {
  sample: Sample;
  zoom: ZoomStore;
  onRetry: () => void;
  onRemove: () => void;
}) {
  const { recipe, status } = sample;
  if (status === 'failed' || status === 'cancelled') return <NotMade {...{ sample, onRetry, onRemove }} />;
  return (
    <FittedFrame width={recipe.width} height={recipe.height} zoom={zoom}>
      {(pixelated) =>
        status === 'ready' ? (
          <Picture address={sampleAddress(sample)} alt={sample.prompt} pixelated={pixelated} />
        ) : (
          <OnTheWay status={status} />
        )
      }
    </FittedFrame>
  );
}

function OnTheWay({ status }: { status: 'queued' | 'making' }) {
  return (
    <Center h="100%">
      <Group gap="xs">
        <Loader size={16} aria-hidden />
        <Text size="sm" c="dimmed" role="status">
          {status === 'making' ? 'Making' : 'Queued'}
        </Text>
      </Group>
    </Center>
  );
}

/** Why a picture is not there, and what can be done about it. There is no file that removing it would lose. */
function NotMade({
  sample: { failure },
  onRetry,
  onRemove,
}: {
  sample: Sample;
  onRetry: () => void;
  onRemove: () => void;
}) {
  const stopped = { message: 'This picture was not made.', hint: 'It was taken out of the queue.' };
  const { message, hint } = failure ?? stopped;
  return (
    <Center h="100%">
      <Alert
        color={failure === null ? 'gray' : 'red'}
        variant="light"
        icon={<IconAlertTriangle aria-hidden />}
        title={message}
        maw={560}
        role="alert"
      >
        <Text size="sm" style={{ whiteSpace: 'pre-line' }}>
          {hint}
        </Text>
        <Group gap="xs" mt="sm">
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
          <Button size="xs" variant="subtle" color="gray" onClick={onRemove}>
            Remove
          </Button>
        </Group>
      </Alert>
    </Center>
  );
}

function AskToDelete({
  open,
  onClose,
  onDelete,
}: {
  open: boolean;
  onClose: () => void;
  onDelete: () => void;
}) {
  return (
    <ConfirmDialog
      open={open}
      title="Delete this picture?"
      confirm="Delete picture"
      onClose={onClose}
      onConfirm={() => {
        onClose();
        onDelete();
      }}
    >
      Its file is deleted. The same settings make the same picture again.
    </ConfirmDialog>
  );
}
