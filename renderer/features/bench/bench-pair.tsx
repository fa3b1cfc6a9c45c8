import { Button } from '@mantine/core';
import { IconArrowLeft } from '@tabler/icons-react';

import type { Sample } from '../../../electron/contract/gallery.ts';
import { samplerLabel } from '../../../electron/contract/values.ts';
import { PairView } from '../../components/pictures/pair-view.tsx';
import { sampleAddress } from '../../components/pictures/sample-address.ts';
import type { Side } from '../../components/pictures/side.ts';
import type { ZoomStore } from '../../components/pictures/zoom-store.ts';
import { countOf } from '../../components/quantities.ts';
import classes from './bench-screen.module.css';

/** Two pictures of the bench against each other. */
export function BenchPair({
  a,
  b,
  nameOf,
  zoom,
  onSwap,
  onClose,
}: {
  a: Sample;
  b: Sample;
  nameOf: (sample: Sample) => string;
  zoom: ZoomStore;
  onSwap: () => void;
  onClose: () => void;
}) {
  const side = (sample: Sample): Side => {
    const { sampler, steps, guidanceScale, width, height } = sample.recipe;
    return {
      address: sampleAddress(sample),
      title: `${nameOf(sample)}, seed ${sample.seed}`,
      detail: `${sample.prompt}, ${samplerLabel(sampler)}, ${countOf(steps, 'step')}, guidance ${guidanceScale}`,
      width,
      height,
    };
  };
  return (
    <div className={classes.over} role="region" aria-label="Two pictures">
      <PairView
        a={side(a)}
        b={side(b)}
        zoom={zoom}
        before={
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            style={{ flex: 'none' }}
            leftSection={<IconArrowLeft size={16} aria-hidden />}
            onClick={onClose}
          >
            Bench
          </Button>
        }
        onSwap={onSwap}
      />
    </div>
  );
}
