import { mostClipSkip } from '../../electron/contract/values.ts';
import { NumberField } from './number-field.tsx';

/** Which layer of the text encoder is read, as A1111 counts. */
export function ClipSkipField({
  value,
  description,
  error,
  width,
  onChange,
}: {
  value: number;
  description?: string;
  error?: string | undefined;
  width?: number;
  onChange: (clipSkip: number) => void;
}) {
  return (
    <NumberField
      label="Clip skip"
      min={1}
      max={mostClipSkip}
      value={value}
      {...(description !== undefined && { description })}
      {...(width !== undefined && { width })}
      error={error}
      onChange={onChange}
    />
  );
}
