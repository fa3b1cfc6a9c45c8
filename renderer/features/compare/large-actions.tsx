import { Button, CopyButton, Menu, Stack, Text } from '@mantine/core';
import {
  IconAdjustments,
  IconBoxModel2,
  IconCheck,
  IconCopy,
  IconFileExport,
  IconLayersDifference,
} from '@tabler/icons-react';
import { useId, useState } from 'react';
import { useLocation } from 'wouter';

import type { Sample } from '../../../electron/contract/gallery.ts';
import type { RunSummary } from '../../../electron/contract/runs.ts';
import { ExportModelDialog } from '../../components/export-model-dialog.tsx';
import { keepable, KeepModelDialog } from '../../components/keep-model-dialog.tsx';
import { SavePicture } from '../../components/pictures/save-picture.tsx';
import { type Coordinates, moved } from './axes.ts';
import { type Book, cellAt } from './book.ts';
import { epochText, placeText } from './labels.ts';

const shared = { variant: 'default', justify: 'flex-start', fullWidth: true, size: 'sm' } as const;

/** What can be done with the picture that is looked at, and with the checkpoint that made it. */
export function LargeActions({
  book,
  place,
  epochs,
  sample,
  onCompare,
}: {
  book: Book;
  place: Coordinates;
  epochs: readonly number[];
  sample: Sample | null;
  onCompare: (other: Coordinates | null) => void;
}) {
  const [, navigate] = useLocation();
  const whyId = useId();
  const [dialog, setDialog] = useState<'export' | 'keep' | null>(null);
  const prompt = book.prompts.get(place.prompt)?.prompt ?? '';
  const run = book.runs.get(place.run);
  const isBase = place.epoch === 0;
  const close = () => {
    setDialog(null);
  };
  return (
    <Stack gap={6} w="100%">
      <CompareMenu {...{ book, place, epochs, onCompare }} disabled={sample === null} />
      <Button
        {...shared}
        leftSection={<IconAdjustments size={16} aria-hidden />}
        disabled={sample === null}
        onClick={() => {
          if (sample !== null) navigate(`/bench?sample=${sample.id}`);
        }}
      >
        Send to the bench
      </Button>
      {sample !== null && (
        <SavePicture
          {...shared}
          sampleId={sample.id}
          name={`${prompt || 'no words'}, ${placeText(book, place)}`}
        />
      )}
      <CopyButton value={prompt}>
        {({ copied, copy }) => (
          <Button
            {...shared}
            leftSection={copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
            onClick={copy}
          >
            {copied ? 'Copied' : 'Copy prompt'}
          </Button>
        )}
      </CopyButton>
      <Button
        {...shared}
        leftSection={<IconFileExport size={16} aria-hidden />}
        disabled={isBase}
        {...(isBase && { 'aria-describedby': whyId })}
        onClick={() => {
          setDialog('export');
        }}
      >
        Export this epoch…
      </Button>
      {(run === undefined || keepable(run)) && (
        <Button
          {...shared}
          leftSection={<IconBoxModel2 size={16} aria-hidden />}
          disabled={isBase}
          {...(isBase && { 'aria-describedby': whyId })}
          onClick={() => {
            setDialog('keep');
          }}
        >
          Keep as a model…
        </Button>
      )}
      {isBase && (
        <Text size="xs" c="dimmed" id={whyId}>
          This is the untouched base. Choose an epoch below to export or keep it.
        </Text>
      )}
      {run !== undefined && !isBase && (
        <>
          <ExportModelDialog
            run={{ id: run.id, name: run.name, method: run.method as RunSummary['method'] }}
            epoch={place.epoch}
            open={dialog === 'export'}
            onClose={close}
          />
          <KeepModelDialog run={run} epoch={place.epoch} open={dialog === 'keep'} onClose={close} />
        </>
      )}
    </Stack>
  );
}

function CompareMenu({
  book,
  place,
  epochs,
  disabled,
  onCompare,
}: {
  book: Book;
  place: Coordinates;
  epochs: readonly number[];
  disabled: boolean;
  onCompare: (other: Coordinates | null) => void;
}) {
  return (
    <Menu position="left-start" width={240}>
      <Menu.Target>
        <Button {...shared} leftSection={<IconLayersDifference size={16} aria-hidden />} disabled={disabled}>
          Compare with…
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {othersOf(book, place, epochs).map(({ label, other }) => (
          <Menu.Item
            key={label}
            onClick={() => {
              onCompare(other);
            }}
          >
            {label}
          </Menu.Item>
        ))}
        <Menu.Item
          onClick={() => {
            onCompare(null);
          }}
        >
          Choose in the grid
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** What somebody most often wants beside a picture: the base, the epochs around, the other runs. */
function othersOf(
  book: Book,
  place: Coordinates,
  epochs: readonly number[],
): readonly { readonly label: string; readonly other: Coordinates }[] {
  const here = epochs.indexOf(place.epoch);
  const near = [epochs[0], epochs[here - 1], epochs[here + 1], epochs.at(-1)];
  const atEpochs = [...new Set(near)].flatMap((epoch) =>
    epoch === undefined ? [] : [{ label: epochText(epoch), other: moved(place, 'epoch', epoch) }],
  );
  const inRuns = [...book.runs.values()].map(({ id, name }) => ({
    label: `${name}, ${epochText(place.epoch)}`,
    other: moved(place, 'run', id),
  }));
  return [...atEpochs, ...inRuns].filter(
    ({ other }) =>
      (other.epoch !== place.epoch || other.run !== place.run) && cellAt(book, other).kind === 'ready',
  );
}
