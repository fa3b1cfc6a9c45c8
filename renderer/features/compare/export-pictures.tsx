import { Button, Group, Modal, SegmentedControl, Slider, Stack, Text } from '@mantine/core';
import { useState } from 'react';

import type { Export } from '../../../electron/contract/exports.ts';
import type { ComparisonLayout } from '../../../electron/contract/gallery.ts';
import { DialogFoot } from '../../components/dialog-foot.tsx';
import { ExportEntry } from '../../components/export-entry.tsx';
import { FailureNote } from '../../components/failure-note.tsx';
import { countOf } from '../../components/quantities.ts';
import { useExports } from '../../components/use-exports.ts';
import { media } from '../../studio/media.ts';
import { useStudioCommand } from '../../studio/studio.tsx';
import classes from './export-pictures.module.css';

const forms = [
  { value: 'sheet', label: 'Sheet, PNG' },
  { value: 'gif', label: 'Animation, GIF' },
  { value: 'webp', label: 'Animation, WebP' },
] as const;
type Form = (typeof forms)[number]['value'];

/** The comparison as it is laid out, for showing to others: one sheet, or its development over the epochs. */
export function ExportPictures({
  open,
  layoutFor,
  onClose,
}: {
  open: boolean;
  /** What is exported; with all epochs for an animation. */
  layoutFor: (allEpochs: boolean) => ComparisonLayout;
  onClose: () => void;
}) {
  return (
    <Modal opened={open} onClose={onClose} title="Export pictures" centered size="lg">
      <ExportForm layoutFor={layoutFor} onClose={onClose} />
    </Modal>
  );
}

function ExportForm({
  layoutFor,
  onClose,
}: {
  layoutFor: (allEpochs: boolean) => ComparisonLayout;
  onClose: () => void;
}) {
  const [form, setForm] = useState<Form>('sheet');
  const [secondsPerFrame, setSecondsPerFrame] = useState(0.9);
  const sheet = useStudioCommand('exports.sheet');
  const animation = useStudioCommand('exports.animation');
  const exports = useExports();
  const asked = form === 'sheet' ? sheet : animation;
  const entry = exports?.find(({ id }) => id === asked.data?.exportId);
  const layout = layoutFor(form !== 'sheet');

  const start = () => {
    if (form === 'sheet') sheet.mutate({ layout });
    else animation.mutate({ layout, format: form, secondsPerFrame });
  };
  const again = () => {
    sheet.reset();
    animation.reset();
  };
  return (
    <Stack gap="md">
      <SegmentedControl
        aria-label="As"
        data={[...forms]}
        value={form}
        onChange={(value) => {
          again();
          setForm(value);
        }}
      />
      <Text size="sm" c="dimmed" className="figures">
        {whatText(layout, form)} Their settings are saved in the file.
      </Text>
      {form !== 'sheet' && (
        <Group gap="md" wrap="nowrap">
          <Text size="sm" id="seconds-per-frame">
            Show each epoch for
          </Text>
          <Slider
            flex={1}
            min={0.1}
            max={3}
            step={0.1}
            label={null}
            thumbLabel="Seconds per epoch"
            value={secondsPerFrame}
            disabled={asked.isSuccess}
            onChange={setSecondsPerFrame}
          />
          <Text size="sm" w={48} className="figures">
            {secondsPerFrame.toFixed(1)} s
          </Text>
        </Group>
      )}
      <div className={classes.preview} aria-live="polite">
        <Preview entry={entry} busy={asked.isPending || asked.isSuccess} />
      </div>
      {asked.error !== null && <FailureNote error={asked.error} />}
      {entry !== undefined && <ExportEntry entry={entry} />}
      <DialogFoot>
        <Button variant="default" onClick={onClose}>
          {asked.isSuccess ? 'Close' : 'Cancel'}
        </Button>
        {!asked.isSuccess && (
          <Button loading={asked.isPending} onClick={start}>
            Export
          </Button>
        )}
      </DialogFoot>
    </Stack>
  );
}

function Preview({ entry, busy }: { entry: Export | undefined; busy: boolean }) {
  if (entry?.status === 'ready') {
    return <img src={media.export(entry.id)} alt={entry.title} className={classes.picture} />;
  }
  if (entry?.status === 'failed') return <span className={classes.note}>Nothing was written.</span>;
  return <span className={classes.note}>{busy ? 'Being drawn …' : 'The export appears here.'}</span>;
}

function whatText({ runIds, epochs, prompts, seeds }: ComparisonLayout, form: Form): string {
  const parts = [
    countOf(epochs.length, 'epoch'),
    countOf(prompts.length, 'prompt'),
    ...(seeds.length > 1 ? [countOf(seeds.length, 'seed')] : []),
    ...(runIds.length > 1 ? [countOf(runIds.length, 'run')] : []),
  ].join(' × ');
  return form === 'sheet' ? `${parts}, laid out as on the screen.` : `${parts}, one frame for every epoch.`;
}
