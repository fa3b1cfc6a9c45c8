import { mostClipSkip } from '../../electron/contract/values.ts';
import { NumberField } from './number-field.tsx';

/** Which layer of the text encoder is read, as A1111 counts, of as many as the model has. */
export function ClipSkipField({
  value,
  layers = mostClipSkip,
  description,
  error,
  width,
  onChange,
}: {
  value: number;
  layers?: number;
  description?: string;
  error?: string | undefined;
  width?: number;
  onChange: (clipSkip: number) => void;
}) {
  return (
    <NumberField
      label="Clip skip"
      min={1}
      max={layers}
      value={value}
      {...(description !== undefined && { description })}
      {...(width !== undefined && { width })}
      error={error ?? (value > layers ? `1 to ${layers}` : undefined)}
      onChange={onChange}
    />
  );
}
