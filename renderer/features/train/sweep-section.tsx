import { ActionIcon, Group, MultiSelect, Select, Stack, Text, TextInput } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useState } from 'react';

import { usualLearningRate } from '../../../electron/contract/learning-rates.ts';
import type { RunRequest } from '../../../electron/contract/runs.ts';
import { mostSweptRuns, sweptSettings } from '../../../electron/contract/sweep.ts';
import beside from '../../components/beside.module.css';
import { numberText, parseNumber } from '../../components/number-text.ts';
import { countOf, countText } from '../../components/quantities.ts';
import { FoldedSection } from './form-section.tsx';
import { useRequestForm } from './request-form.ts';
import { choicesOf, chosenNow, hasSwept } from './swept-choices.ts';

type Swept = NonNullable<RunRequest['sweep']>[number];

/** Lists of values for settings: each combination becomes a run, and all of them compare in one grid. */
export function SweepSection() {
  const { request, edit, message } = useRequestForm();
  const sweep = request.sweep ?? [];
  const set = (next: readonly Swept[]) => {
    edit({ sweep: next.length === 0 ? undefined : [...next] });
  };
  const runs = sweep.reduce((count, { values }) => count * new Set(values).size, 1);
  const tooMany = runs > mostSweptRuns;
  const offered = sweptSettings.filter(
    ({ path }) => hasSwept(request, path) && !sweep.some((own) => own.path === path),
  );
  return (
    <FoldedSection
      title="Try out"
      summary={sweep.length === 0 ? 'one value for each setting' : countOf(runs, 'run')}
      faulty={message('sweep') !== undefined}
    >
      <Stack gap={12}>
        <Text size="xs" c="dimmed">
          Give a setting several values, as in 1e-4, 2e-4, 3e-4: each makes a run, and two settings make a
          grid.
        </Text>
        {sweep.map((own, index) => (
          <Values
            key={own.path}
            own={own}
            error={valuesMessage(own, message(`sweep.${index}`))}
            onChange={(values) => {
              set(sweep.map((other) => (other === own ? { ...own, values } : other)));
            }}
            onRemove={() => {
              set(sweep.filter((other) => other !== own));
            }}
          />
        ))}
        {tooMany && (
          <Text size="xs" c="var(--mantine-color-error)" role="alert">
            These are {countText(runs)} runs. At most {mostSweptRuns} can be started at once: take out some
            values.
          </Text>
        )}
        {sweep.length < 3 && (
          <Select
            aria-label="Setting to try several values of"
            placeholder="Choose a setting"
            data={offered.map(({ path, label }) => ({ value: path, label }))}
            value={null}
            onChange={(path) => {
              if (path === null) return;
              const now = choicesOf(path) === null ? nowOf(request, path) : chosenNow(request, path);
              set([...sweep, { path, values: [now] }]);
            }}
          />
        )}
      </Stack>
    </FoldedSection>
  );
}

function Values({
  own,
  error,
  onChange,
  onRemove,
}: {
  own: Swept;
  error: string | undefined;
  onChange: (values: Swept['values']) => void;
  onRemove: () => void;
}) {
  const label = sweptSettings.find(({ path }) => path === own.path)?.label ?? own.path;
  const choices = choicesOf(own.path);
  return (
    <Group gap={8} align="start" wrap="nowrap">
      {choices === null ? (
        <Numbers label={label} values={own.values} error={error} onChange={onChange} />
      ) : (
        <MultiSelect
          style={{ flex: 1 }}
          label={label}
          data={choices.map((choice) => ({ ...choice }))}
          value={own.values.map(String)}
          error={error}
          onChange={onChange}
        />
      )}
      <ActionIcon
        className={beside.field}
        variant="subtle"
        color="gray"
        size={36}
        aria-label={`Do not try out ${label}`}
        onClick={onRemove}
      >
        <IconX size={16} />
      </ActionIcon>
    </Group>
  );
}

function Numbers({
  label,
  values,
  error,
  onChange,
}: {
  label: string;
  values: Swept['values'];
  error: string | undefined;
  onChange: (values: number[]) => void;
}) {
  const [text, setText] = useState(() => values.map((value) => numberText(Number(value))).join(', '));
  return (
    <TextInput
      style={{ flex: 1 }}
      label={label}
      value={text}
      error={error}
      onChange={({ currentTarget }) => {
        setText(currentTarget.value);
        const parts = currentTarget.value.split(/[,;\s]+/).filter((part) => part !== '');
        onChange(parts.map((part) => parseNumber(part)));
      }}
    />
  );
}

/** What to write or choose instead of what stands there. */
function valuesMessage({ path, values }: Swept, message: string | undefined): string | undefined {
  if (values.length === 0)
    return choicesOf(path) === null
      ? 'Enter one value or more, with commas between them'
      : 'Choose one or more';
  if (values.some((value) => Number.isNaN(value))) return 'Enter numbers, with commas between them';
  return message;
}

/** What the form has now, to begin the list with. */
function nowOf({ train, method }: RunRequest, path: string): number {
  if (path === 'train.learningRate')
    return train.learningRate ?? usualLearningRate(method.kind, train.optimizer);
  if (path === 'method.alpha' && method.kind === 'lora') return method.alpha ?? method.rank;
  const [part, name] = path.split('.') as [string, string];
  const settings: object = part === 'train' ? train : method;
  const value: unknown = Object.hasOwn(settings, name)
    ? (settings as Record<string, unknown>)[name]
    : undefined;
  return typeof value === 'number' ? value : 1;
}
