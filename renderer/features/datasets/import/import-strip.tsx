import { Button, Group, Progress, Text } from '@mantine/core';

import { StudioFailure } from '../../../../electron/connection/studio-failure.ts';
import { bytesText } from '../../../../electron/contract/quantities.ts';
import { FailureNote } from '../../../components/failure-note.tsx';
import { countOf, countText, rateText } from '../../../components/quantities.ts';
import { showFailure } from '../../../studio/failure.ts';
import { useStudioCommand } from '../../../studio/studio.tsx';
import classes from './import-strip.module.css';
import { partDone } from './importing.ts';
import { useImporting } from './importing-provider.tsx';

/** Files on their way from the browser to the studio, while there are any. */
export function SendingStrip() {
  const sending = useImporting((state) => state.sending);
  if (sending === null) return null;
  const { name, working, progress, cancel } = sending;
  return (
    <Strip
      label={
        working ??
        (progress === null ? 'Looking through what was dropped' : `Sending ${name ?? 'files'} to the studio`)
      }
      figures={
        progress === null
          ? ''
          : `${countText(progress.files)} of ${countOf(progress.totalFiles, 'file')} · ${bytesText(progress.bytes)} of ${bytesText(progress.totalBytes)}`
      }
      part={progress === null ? null : progress.bytes / Math.max(1, progress.totalBytes)}
      onCancel={cancel}
    />
  );
}

/** How far one data set's import is, or why it ended; nothing where none is under way. */
export function ImportStrip({ datasetId, importing }: { datasetId: number; importing: boolean }) {
  const progress = useImporting((state) => state.imports.get(datasetId));
  const { mutate: cancel, isPending } = useStudioCommand('datasets.cancelImport');
  if (progress?.phase === 'failed' && progress.failure !== null) {
    return <FailureNote error={new StudioFailure(progress.failure)} />;
  }
  if (progress === undefined && !importing) return null;
  const found =
    progress === undefined ? '' : `${countText(progress.done)} of ${countOf(progress.total, 'image')}`;
  return (
    <Strip
      label={progress === undefined || progress.phase === 'looking' ? 'Looking for images' : 'Reading images'}
      figures={
        progress === undefined
          ? ''
          : progress.phase === 'looking'
            ? countOf(progress.total, 'file')
            : [found, rateText(progress.imagesPerSecond), problemsText(progress.problems)]
                .filter((part) => part !== '')
                .join(' · ')
      }
      part={progress?.phase === 'reading' ? partDone(progress) : null}
      cancelling={isPending}
      onCancel={() => {
        cancel({ datasetId }, { onError: showFailure });
      }}
    />
  );
}

const problemsText = (problems: number) => (problems === 0 ? '' : `${countOf(problems, 'file')} skipped`);

function Strip({
  label,
  figures,
  part,
  cancelling = false,
  onCancel,
}: {
  label: string;
  figures: string;
  /** 0 to 1; null: not known yet. */
  part: number | null;
  cancelling?: boolean;
  /** Null: it cannot be stopped. */
  onCancel: (() => void) | null;
}) {
  return (
    <div className={classes.strip} role="status">
      <Group justify="space-between" wrap="nowrap" gap="md">
        <Text size="sm" fw={500} truncate>
          {label}
        </Text>
        <Group gap="sm" wrap="nowrap">
          <Text size="sm" c="dimmed" className="figures">
            {figures}
          </Text>
          {onCancel !== null && (
            <Button size="compact-xs" variant="default" onClick={onCancel} loading={cancelling}>
              Cancel
            </Button>
          )}
        </Group>
      </Group>
      <Progress
        value={part === null ? 100 : part * 100}
        animated={part === null}
        size={4}
        aria-label={label}
      />
    </div>
  );
}
