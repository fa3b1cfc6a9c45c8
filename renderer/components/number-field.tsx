import { TextInput } from '@mantine/core';
import { type KeyboardEvent, type ReactNode, useState } from 'react';

import { describedBy } from './field-warning.tsx';
import { numberText, parseNumber } from './number-text.ts';

/**
 * A number as text, so that `1e-5` can be typed as such. Arrow up and down change it by `step`, between `min` and `max`.
 * Says NaN where what is typed is no number, and undefined where it is `optional` and empty.
 */
export function NumberField<Optional extends boolean = false>({
  label,
  value,
  onChange,
  optional,
  step = 1,
  min = 0,
  max = Number.POSITIVE_INFINITY,
  description,
  placeholder,
  error,
  warning,
  unit,
  disabled = false,
  hidesLabel = false,
  width,
  size = 'sm',
  onLeave,
}: {
  label: string;
  value: number | undefined;
  onChange: (value: Optional extends true ? number | undefined : number) => void;
  optional?: Optional;
  step?: number;
  min?: number;
  max?: number;
  description?: ReactNode;
  placeholder?: string;
  error?: string | undefined;
  /** What is allowed and most likely not meant. */
  warning?: string | undefined;
  unit?: string;
  disabled?: boolean;
  /** What it is stands beside it already: the label is for those alone who do not see that. */
  hidesLabel?: boolean;
  /** Pixels; left out: as its place allows. */
  width?: number;
  size?: 'xs' | 'sm';
  /** It is left, or Enter is pressed. */
  onLeave?: () => void;
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
    if (event.key === 'Enter') onLeave?.();
    const direction = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : 0;
    if (direction === 0 || value === undefined || Number.isNaN(value)) return;
    event.preventDefault();
    // Steps of 0.05 add up to 0.15000000000000002 without this.
    write(String(Number(Math.min(max, Math.max(min, value + direction * step)).toPrecision(12))));
  };
  return (
    <TextInput
      {...(hidesLabel ? { 'aria-label': label } : { label })}
      value={text}
      size={size}
      {...(width === undefined ? { flex: 1 } : { w: width })}
      inputMode="decimal"
      autoComplete="off"
      classNames={{ input: 'figures' }}
      disabled={disabled}
      onChange={(event) => {
        write(event.currentTarget.value);
      }}
      onKeyDown={onKeyDown}
      onBlur={onLeave}
      {...describedBy(description, error === undefined ? warning : undefined)}
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
