import { TagsInput } from '@mantine/core';
import type { ReactNode } from 'react';

import { parseWholeNumbers } from './number-text.ts';

/** Whole numbers, kept in order and each once; typed with commas or spaces between them. */
export function NumberListField({
  label,
  values,
  onChange,
  description,
  error,
  placeholder,
}: {
  label: string;
  values: readonly number[];
  onChange: (values: readonly number[]) => void;
  description?: ReactNode;
  error?: string | undefined;
  placeholder?: string;
}) {
  return (
    <TagsInput
      label={label}
      value={values.map(String)}
      splitChars={[',', ' ', ';']}
      acceptValueOnBlur
      inputMode="numeric"
      onChange={(texts) => {
        onChange(parseWholeNumbers(texts));
      }}
      {...(description !== undefined && { description })}
      {...(error !== undefined && { error })}
      {...(placeholder !== undefined && values.length === 0 && { placeholder })}
    />
  );
}
