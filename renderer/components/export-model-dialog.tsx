import { Anchor, Modal, Select, Stack } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';

import { type EpochLoss, lowestKeptText } from '../../electron/contract/learned.ts';
import type { RunSummary } from '../../electron/contract/runs.ts';
import { useStudioCommand, useStudioQuery } from '../studio/studio.tsx';
import { ChoiceOfFew } from './choice-of-few.tsx';
import { ExportButtons } from './export-buttons.tsx';
import { FormatChoice, PrecisionChoice, type WordFileNames, WordNames } from './export-choices.tsx';
import { ExportEntry } from './export-entry.tsx';
import { ExportPlace } from './export-place.tsx';
import { FailureNote } from './failure-note.tsx';
import { Loading } from './loading.tsx';
import { useLowestKept } from './lowest-kept.ts';
import { useExports } from './use-exports.ts';

type Format = 'diffusers' | 'single-file' | 'lora' | 'onnx' | 'embedding';
type Names = 'kohya' | 'peft';

/** Writes one epoch as a model other tools read, and says when and where it lies. */
export function ExportModelDialog({
  run,
  epoch,
  epochs = [],
  open,
  onClose,
}: {
  run: Pick<RunSummary, 'id' | 'name' | 'method'>;
  epoch: number;
  /** Kept epochs to choose among: the one of the lowest held-out loss is proposed, else `epoch`; none: it is settled. */
  epochs?: readonly number[];
  open: boolean;
  onClose: () => void;
}) {
  const title = epochs.length > 1 ? `Export ${run.name}` : `Export ${run.name}, epoch ${epoch}`;
  return (
    <Modal opened={open} onClose={onClose} title={title} centered size="lg">
      <ProposedExport run={run} epoch={epoch} epochs={epochs} onClose={onClose} />
    </Modal>
  );
}

interface FormProps {
  readonly run: Pick<RunSummary, 'id' | 'method'>;
  readonly epoch: number;
  readonly epochs: readonly number[];
  readonly onClose: () => void;
}

function ProposedExport(props: FormProps) {
  const lowest = useLowestKept({ id: props.run.id, checkpoints: [...props.epochs] });
  return lowest === undefined ? <Loading /> : <ExportForm {...props} lowest={lowest} />;
}

function ExportForm({ run, epoch, epochs, lowest, onClose }: FormProps & { lowest: EpochLoss | null }) {
  const [chosen, setChosen] = useState(lowest?.epoch ?? epoch);
  const [format, setFormat] = useState<Format>(
    run.method === 'lora' || run.method === 'embedding' ? run.method : 'diffusers',
  );
  const [names, setNames] = useState<Names>('kohya');
  const [wordNames, setWordNames] = useState<WordFileNames>('a1111');
  const [precision, setPrecision] = useState<'float16' | 'float32'>('float16');
  const [folder, setFolder] = useState<string | null>(null);
  const start = useStudioCommand('exports.model');
  const { data: unfit = [] } = useStudioQuery('exports.unfit', { runId: run.id });
  const entry = useExports()?.find(({ id }) => id === start.data?.exportId);
  const started = start.isSuccess;
  return (
    <Stack gap="lg">
      {started ? (
        <div aria-live="polite">{entry !== undefined && <ExportEntry entry={entry} />}</div>
      ) : (
        <>
          {epochs.length > 1 && (
            <Select
              label="Epoch"
              description={
                <>
                  {lowest === null ? 'The last one is often not the best.' : lowestKeptText(lowest)}{' '}
                  <Anchor underline="always" component={Link} href={`/compare?runs=${run.id}`} size="xs">
                    Compare them
                  </Anchor>
                </>
              }
              data={epochs.map(String)}
              value={String(chosen)}
              allowDeselect={false}
              onChange={(value) => {
                if (value !== null) setChosen(Number(value));
              }}
            />
          )}
          {format === 'embedding' ? (
            <WordNames names={wordNames} onChange={setWordNames} />
          ) : (
            <FormatChoice {...{ format, unfit }} onChange={setFormat} lora={run.method === 'lora'} />
          )}
          {format === 'lora' && (
            <ChoiceOfFew
              label="Names in the file"
              choices={[
                { value: 'kohya', label: 'kohya, for most tools' },
                { value: 'peft', label: 'PEFT, for diffusers' },
              ]}
              value={names}
              onChange={setNames}
            />
          )}
          {format !== 'embedding' && <PrecisionChoice precision={precision} onChange={setPrecision} />}
          <ExportPlace folder={folder} onChange={setFolder} />
          {start.error !== null && <FailureNote error={start.error} />}
        </>
      )}
      <ExportButtons
        label="Export"
        start={start}
        entry={entry}
        onClose={onClose}
        onStart={() => {
          start.mutate({
            runId: run.id,
            epoch: chosen,
            format,
            ...(format === 'embedding' ? { embeddingNames: wordNames } : { loraNames: names }),
            precision,
            ...(folder !== null && { folder }),
          });
        }}
      />
    </Stack>
  );
}
