import { Group, Modal, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';

import { type Lora, mostLoraStrength } from '../../../electron/contract/loras.ts';
import { ExportButtons } from '../../components/export-buttons.tsx';
import { FormatChoice, PrecisionChoice } from '../../components/export-choices.tsx';
import { ExportEntry } from '../../components/export-entry.tsx';
import { FailureNote } from '../../components/failure-note.tsx';
import { NumberField } from '../../components/number-field.tsx';
import { useExports } from '../../components/use-exports.ts';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';

/** Exports a model of the library with a LoRA merged into it. */
export function MergeDialog({ lora, open, onClose }: { lora: Lora; open: boolean; onClose: () => void }) {
  return (
    <Modal opened={open} onClose={onClose} title={`Merge ${lora.name} into a model`} centered size="lg">
      <MergeForm lora={lora} onClose={onClose} />
    </Modal>
  );
}

type Format = 'diffusers' | 'single-file' | 'onnx';

function MergeForm({ lora, onClose }: { lora: Lora; onClose: () => void }) {
  const models = useStudioQuery('models.list', {}).data?.filter(({ missing }) => !missing) ?? [];
  const [chosen, setChosen] = useState<number | null>(null);
  const [strength, setStrength] = useState(1);
  const [format, setFormat] = useState<Format>('diffusers');
  const [precision, setPrecision] = useState<'float16' | 'float32'>('float16');
  const modelId = chosen ?? models[0]?.id ?? null;
  const fits = useStudioQuery(
    'gallery.fittingLoras',
    { model: { kind: 'model', modelId: modelId ?? 1 } },
    { enabled: modelId !== null },
  ).data;
  const problem = fits?.find(({ loraId }) => loraId === lora.id)?.problem ?? null;
  const unfit = useStudioQuery(
    'exports.unfit',
    { modelId: modelId ?? 1 },
    { enabled: modelId !== null },
  ).data;
  const start = useStudioCommand('exports.merged');
  const entry = useExports()?.find(({ id }) => id === start.data?.exportId);
  const started = start.isSuccess;
  const valid =
    Math.abs(strength) <= mostLoraStrength &&
    problem === null &&
    modelId !== null &&
    unfit?.includes(format) !== true;
  return (
    <Stack gap="lg">
      {started ? (
        <div aria-live="polite">{entry !== undefined && <ExportEntry entry={entry} />}</div>
      ) : (
        <>
          <Stack gap={4}>
            <Group gap="xs" wrap="nowrap" align="end">
              <Select
                flex={1}
                label="Model"
                data={models.map(({ id, name }) => ({ value: String(id), label: name }))}
                value={modelId === null ? null : String(modelId)}
                allowDeselect={false}
                onChange={(value) => {
                  if (value !== null) setChosen(Number(value));
                }}
              />
              <NumberField
                label="Strength"
                width={96}
                step={0.05}
                min={-mostLoraStrength}
                max={mostLoraStrength}
                value={strength}
                onChange={setStrength}
              />
            </Group>
            {problem !== null && (
              <Text size="xs" c="red">
                {problem}
              </Text>
            )}
          </Stack>
          <FormatChoice {...{ format, ...(unfit && { unfit }) }} onChange={setFormat} />
          <PrecisionChoice precision={precision} onChange={setPrecision} />
          {start.error !== null && <FailureNote error={start.error} />}
        </>
      )}
      <ExportButtons
        label="Merge and export"
        start={start}
        entry={entry}
        disabled={!valid}
        onClose={onClose}
        onStart={() => {
          if (modelId === null) return;
          start.mutate({ modelId, loras: [{ loraId: lora.id, strength }], format, precision });
        }}
      />
    </Stack>
  );
}
