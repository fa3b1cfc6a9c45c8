import { TextInput } from '@mantine/core';
import { type KeyboardEvent, type ReactNode, useState } from 'react';

import { numberText, parseNumber } from './number-text.ts';

/**
 * A number as text, so that `1e-5` can be typed as such. Arrow up and down change it by `step`. Says NaN where what
 * is typed is no number, and undefined where it is `optional` and empty.
 */
export function NumberField<Optional extends boolean = false>({
  label,
  value,
  onChange,
  optional,
  step = 1,
  min = 0,
  description,
  placeholder,
  error,
  unit,
  disabled = false,
}: {
  label: string;
  value: number | undefined;
  onChange: (value: Optional extends true ? number | undefined : number) => void;
  optional?: Optional;
  step?: number;
  min?: number;
  description?: ReactNode;
  placeholder?: string;
  error?: string | undefined;
  unit?: string;
  disabled?: boolean;
}) {
  const [typed, setTyped] = useState('');
  const meaning = (text: string) => (optional === true && text.trim() === '' ? undefined : parseNumber(text));
  // What was typed is shown as typed for as long as it means the value; a value from elsewhere is written anew.
  const text = Object.is(meaning(typed), value) ? typed : numberText(value);
  const write = (next: string) => {
    setTyped(next);
    onChange(meaning(next) as Optional extends true ? number | undefined : number);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const direction = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : 0;
    if (direction === 0 || value === undefined || Number.isNaN(value)) return;
    event.preventDefault();
    // Steps of 0.05 add up to 0.15000000000000002 without this.
    write(String(Number(Math.max(min, value + direction * step).toPrecision(12))));
  };
  return (
    <TextInput
      label={label}
      value={text}
      inputMode="decimal"
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      autoComplete="off"
      classNames={{ input: 'figures' }}
      disabled={disabled}
      onChange={(event) => {
        write(event.currentTarget.value);
      }}
      onKeyDown={onKeyDown}
      {...(description !== undefined && { description })}
      {...(placeholder !== undefined && { placeholder })}
      {...(error !== undefined && { error })}
      {...(unit !== undefined && {
        rightSection: unit,
        rightSectionWidth: unit.length * 8 + 16,
        rightSectionProps: { style: { color: 'var(--sf-quiet)', fontSize: 12 } },
      })}
    />
  );
}
