import { ActionIcon, Button, Group, Select, Stack, Text, Tooltip } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';

import type { OutputOf } from '../../../electron/contract/api.ts';
import { type Lora, loraText } from '../../../electron/contract/loras.ts';
import { NumberField } from '../../components/number-field.tsx';
import { useStudioQuery } from '../../studio/studio.tsx';
import type { BenchDraft } from './bench-draft.ts';
import classes from './bench-screen.module.css';

interface FieldsProps {
  readonly draft: BenchDraft;
  readonly onChange: (draft: BenchDraft) => void;
}

type Fits = OutputOf<'gallery.fittingLoras'>;

/** LoRAs laid over the model, each with its strength; nothing to see while the library has none. */
export function LoraFields({ draft, onChange }: FieldsProps) {
  const loras = useStudioQuery('loras.list', {}).data ?? [];
  const { model, loras: chosen } = draft;
  const fits = useStudioQuery(
    'gallery.fittingLoras',
    { model: model ?? { kind: 'model', modelId: 1 } },
    { enabled: model !== null && loras.length > 0, keepPrevious: true },
  ).data;
  if (loras.length === 0 && chosen.length === 0) return null;
  const change = (next: BenchDraft['loras']) => {
    onChange({ ...draft, loras: next });
  };
  const next = loras.find(
    ({ id, missing }) =>
      !missing && problemOf(id, fits) === null && !chosen.some(({ loraId }) => loraId === id),
  );
  return (
    <Stack gap={6} role="group" aria-label="LoRAs">
      {chosen.map((choice, index) => (
        <LoraRow
          key={`${index} ${choice.loraId}`}
          {...{ choice, loras, fits }}
          onChange={(changed) => {
            change(chosen.map((one, at) => (at === index ? changed : one)));
          }}
          onRemove={() => {
            change(chosen.filter((_, at) => at !== index));
          }}
        />
      ))}
      <Button
        size="compact-xs"
        variant="subtle"
        color="gray"
        className={classes.addLora}
        leftSection={<IconPlus size={14} aria-hidden />}
        disabled={next === undefined}
        onClick={() => {
          if (next !== undefined) change([...chosen, { loraId: next.id, strength: 1 }]);
        }}
      >
        {next === undefined && chosen.length === 0 ? 'No LoRA fits this model' : 'Add a LoRA'}
      </Button>
    </Stack>
  );
}

function LoraRow({
  choice,
  loras,
  fits,
  onChange,
  onRemove,
}: {
  choice: BenchDraft['loras'][number];
  loras: readonly Lora[];
  fits: Fits | undefined;
  onChange: (choice: BenchDraft['loras'][number]) => void;
  onRemove: () => void;
}) {
  const { loraId, strength } = choice;
  const lora = loras.find(({ id }) => id === loraId);
  const problem = lora === undefined ? 'This LoRA is no longer in the library.' : problemOf(loraId, fits);
  return (
    <div>
      <Group gap="xs" wrap="nowrap" align="end">
        <Select
          flex={1}
          label="LoRA"
          data={loras.map((one) => ({
            value: String(one.id),
            label: one.name,
            disabled: one.missing || problemOf(one.id, fits) !== null,
          }))}
          value={lora === undefined ? null : String(loraId)}
          placeholder="Gone"
          allowDeselect={false}
          searchable={loras.length > 8}
          onChange={(value) => {
            if (value !== null) onChange({ loraId: Number(value), strength });
          }}
        />
        <NumberField
          label="Strength"
          width={84}
          step={0.05}
          min={-10}
          max={10}
          value={strength}
          onChange={(changed) => {
            onChange({ loraId, strength: changed });
          }}
        />
        <Tooltip label="Remove">
          <ActionIcon
            variant="default"
            size={36}
            aria-label={`Leave ${lora?.name ?? 'it'} out`}
            onClick={onRemove}
          >
            <IconX size={18} />
          </ActionIcon>
        </Tooltip>
      </Group>
      <Text size="xs" mt={4} c={problem === null ? 'dimmed' : 'red'}>
        {problem ?? noteOf(lora)}
      </Text>
    </div>
  );
}

function problemOf(loraId: number, fits: Fits | undefined): string | null {
  return fits?.find((fit) => fit.loraId === loraId)?.problem ?? null;
}

const mostWords = 4;

/** `LoRA for SDXL, rank 16. Trained on the words fox, snow` */
function noteOf(lora: Lora | undefined): string {
  if (lora === undefined) return '';
  const words = lora.words.slice(0, mostWords).map(({ word }) => word);
  return loraText(lora) + (words.length === 0 ? '' : `. Its captions had: ${words.join(', ')}`);
}
