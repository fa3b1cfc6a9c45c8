import { Radio, Stack, Text } from '@mantine/core';

import type { Export } from '../../electron/contract/exports.ts';
import { ChoiceOfFew } from './choice-of-few.tsx';

type ModelFormat = Exclude<Export['kind'], 'sheet' | 'animation' | 'embedding'>;

export type WordFileNames = 'a1111' | 'diffusers';

export type ExportPrecision = 'float16' | 'float32';

export function PrecisionChoice({
  precision,
  onChange,
}: {
  precision: ExportPrecision;
  onChange: (precision: ExportPrecision) => void;
}) {
  return (
    <ChoiceOfFew
      label="Precision"
      choices={[
        { value: 'float16', label: 'float16, half the size' },
        { value: 'float32', label: 'float32' },
      ]}
      value={precision}
      onChange={onChange}
    />
  );
}

/**
 * @param lora whether a LoRA file can be had, where one may be asked for
 * @param unfit what the model cannot be written as
 */
export function FormatChoice<Format extends ModelFormat>({
  format,
  onChange,
  lora,
  unfit = [],
}: {
  format: Format;
  onChange: (format: Format) => void;
  lora?: boolean;
  unfit?: readonly string[];
}) {
  return (
    <Radio.Group
      label="Format"
      value={format}
      onChange={(value) => {
        onChange(value);
      }}
    >
      <Stack gap={10} mt={8}>
        <Radio
          value="diffusers"
          label="Model folder"
          description="The whole model in diffusers format, with a model card."
        />
        <Radio
          value="single-file"
          label="Model file"
          disabled={unfit.includes('single-file')}
          description={
            unfit.includes('single-file')
              ? 'Not for this base: one file does not say how it is built, and other tools could not open it.'
              : 'The whole model as one .safetensors file for A1111, ComfyUI and others.'
          }
        />
        <Radio
          value="onnx"
          label="ONNX pipeline"
          description="A folder for ONNX Runtime and Optimum, with LoRAs merged in and a model card."
        />
        {lora !== undefined && (
          <Radio
            value="lora"
            label="LoRA file"
            disabled={!lora}
            description={
              lora
                ? 'One small file that A1111, ComfyUI, diffusers and others load on top of the base.'
                : 'Only for runs that train a LoRA.'
            }
          />
        )}
      </Stack>
    </Radio.Group>
  );
}

/** Of a run that taught a word: there is nothing else to export. */
export function WordNames({
  names,
  onChange,
}: {
  names: WordFileNames;
  onChange: (names: WordFileNames) => void;
}) {
  return (
    <Stack gap={6}>
      <Text size="sm">
        One small file with the new word. It works with the base it was taught to and with models made from
        that.
      </Text>
      <ChoiceOfFew
        label="Made for"
        choices={[
          { value: 'a1111', label: 'A1111, ComfyUI, kohya' },
          { value: 'diffusers', label: 'diffusers' },
        ]}
        value={names}
        onChange={onChange}
      />
    </Stack>
  );
}
