import { Button, Switch } from '@mantine/core';
import { useState } from 'react';

import {
  type AlteredBy,
  alteredBy,
  type AugmentationSpec,
  fewestVariants,
  isAugmented,
  mostAltered,
  mostVariants,
} from '../../../electron/contract/augmentation-spec.ts';
import type { RunPlan } from '../../../electron/contract/runs.ts';
import { NumberField } from '../../components/number-field.tsx';
import classes from './advanced-section.module.css';
import { useRequestForm } from './request-form.ts';
import { VersionsDialog } from './versions-dialog.tsx';

const fields: Readonly<
  Record<
    AlteredBy,
    { readonly label: string; readonly description: string; readonly step: number; readonly unit?: string }
  >
> = {
  crop: { label: 'Crop jitter', step: 0.05, description: 'Cut closer by up to this share. 0.1 is usual.' },
  rotation: { label: 'Rotation', step: 1, unit: '°', description: 'Turned by up to this much. 5 is usual.' },
  brightness: {
    label: 'Brightness jitter',
    step: 0.05,
    description: 'Brighter or darker by up to this share.',
  },
  contrast: { label: 'Contrast jitter', step: 0.05, description: 'More or less of it, up to this share.' },
  saturation: {
    label: 'Saturation jitter',
    step: 0.05,
    description: 'Stronger or paler by up to this share.',
  },
  hue: { label: 'Hue jitter', step: 1, unit: '°', description: 'Colours turned by up to this much.' },
};

/** How images are altered, so that few teach more than their very pixels. */
export function AugmentationFields({ buckets }: { buckets: RunPlan['buckets'] }) {
  const { request, edit, message } = useRequestForm();
  const { augmentation, randomFlip } = request.train;
  const [shown, setShown] = useState(false);
  const change = (changed: Partial<AugmentationSpec>) => {
    edit({ train: { augmentation: { ...augmentation, ...changed } } });
  };
  const changes = randomFlip || isAugmented(augmentation);
  return (
    <>
      <Switch
        className={classes.row}
        size="sm"
        label="Random flip"
        description="Half of the time mirrored. Not for letters, or faces that are to be told apart."
        checked={randomFlip}
        onChange={(event) => {
          edit({ train: { randomFlip: event.currentTarget.checked } });
        }}
      />
      {alteredBy.map((name) => (
        <NumberField
          key={name}
          {...fields[name]}
          max={mostAltered[name]}
          value={augmentation[name]}
          error={message(`train.augmentation.${name}`)}
          onChange={(value) => {
            change({ [name]: value });
          }}
        />
      ))}
      {isAugmented(augmentation) && (
        <NumberField
          label="Versions of each image"
          min={fewestVariants}
          max={mostVariants}
          description="Prepared once and drawn from, the image as it is among them."
          value={augmentation.variants}
          error={message('train.augmentation.variants')}
          onChange={(variants) => {
            change({ variants });
          }}
        />
      )}
      {changes && (
        <div className={classes.row}>
          <Button
            variant="default"
            size="xs"
            disabled={buckets.length === 0 || message('train.augmentation') !== undefined}
            onClick={() => {
              setShown(true);
            }}
          >
            Show on my images
          </Button>
        </div>
      )}
      {shown && (
        <VersionsDialog
          buckets={buckets}
          onClose={() => {
            setShown(false);
          }}
        />
      )}
    </>
  );
}
