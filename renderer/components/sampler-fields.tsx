import { Select } from '@mantine/core';

import { samplerLabel, samplerName, type SamplerSettings } from '../../electron/contract/values.ts';
import { NumberField } from './number-field.tsx';

interface SamplerFieldProps {
  readonly value: SamplerSettings;
  readonly onChange: (change: Partial<SamplerSettings>) => void;
}

export function SamplerSelect({ value, onChange }: SamplerFieldProps) {
  return (
    <Select
      label="Sampler"
      data={samplerName.options.map((name) => ({ value: name, label: samplerLabel(name) }))}
      value={value.sampler}
      allowDeselect={false}
      onChange={(sampler) => {
        if (sampler !== null) onChange({ sampler });
      }}
    />
  );
}

/** Steps, guidance and size, one field each: to be laid out by what stands around them. */
export function SamplerNumbers({
  value,
  onChange,
  pixelStep = 8,
  message = () => undefined,
  warning = () => undefined,
}: SamplerFieldProps & {
  /** What width and height are multiples of. */
  readonly pixelStep?: number;
  /** What is wrong with one of them. */
  readonly message?: (field: keyof SamplerSettings) => string | undefined;
  /** What of one of them is most likely not meant. */
  readonly warning?: (field: keyof SamplerSettings) => string | undefined;
}) {
  return (
    <>
      <NumberField
        label="Steps"
        min={1}
        max={1000}
        value={value.steps}
        error={message('steps')}
        warning={warning('steps')}
        onChange={(steps) => {
          onChange({ steps });
        }}
      />
      <NumberField
        label="Guidance scale"
        max={100}
        step={0.5}
        value={value.guidanceScale}
        error={message('guidanceScale')}
        warning={warning('guidanceScale')}
        onChange={(guidanceScale) => {
          onChange({ guidanceScale });
        }}
      />
      {(['width', 'height'] as const).map((side) => (
        <NumberField
          key={side}
          label={side === 'width' ? 'Width' : 'Height'}
          unit="px"
          min={pixelStep}
          max={4096}
          step={pixelStep}
          value={value[side]}
          error={message(side)}
          warning={warning(side)}
          onChange={(pixels) => {
            onChange({ [side]: pixels });
          }}
        />
      ))}
    </>
  );
}
