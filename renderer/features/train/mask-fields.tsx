import { Select, Switch } from '@mantine/core';

import { maskSourceLabels, maskSources, type MaskSpec } from '../../../electron/contract/mask-spec.ts';
import { NumberField } from '../../components/number-field.tsx';
import classes from './advanced-section.module.css';
import { useRequestForm } from './request-form.ts';

const meaning: Readonly<Record<MaskSpec['source'], string>> = {
  none: 'Images are learned whole.',
  files: 'Of fox.png, what is white in fox-masklabel.png is learned.',
  alpha: 'What is not transparent is learned.',
};

/** Which parts of images are learned. */
export function MaskFields() {
  const { request, edit, message } = useRequestForm();
  const { masks } = request.train;
  const change = (changed: Partial<MaskSpec>) => {
    edit({ train: { masks: { ...masks, ...changed } } });
  };
  return (
    <>
      <Select
        label="Masks"
        description={meaning[masks.source]}
        data={maskSources.map((value) => ({ value, label: maskSourceLabels[value] }))}
        value={masks.source}
        allowDeselect={false}
        onChange={(value) => {
          const source = maskSources.find((other) => other === value);
          if (source !== undefined) change({ source });
        }}
      />
      {masks.source !== 'none' && (
        <>
          <NumberField
            label="Weight of the rest"
            step={0.05}
            max={1}
            description="How much the masked-out part counts."
            value={masks.unmaskedWeight}
            error={message('train.masks.unmaskedWeight')}
            onChange={(unmaskedWeight) => {
              change({ unmaskedWeight });
            }}
          />
          <Switch
            className={classes.row}
            size="sm"
            label="Normalise masks"
            description="Each image counts the same, however little of it is learned."
            checked={masks.normalize}
            onChange={(event) => {
              change({ normalize: event.currentTarget.checked });
            }}
          />
        </>
      )}
    </>
  );
}
