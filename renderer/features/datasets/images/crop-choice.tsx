import { NativeSelect } from '@mantine/core';
import { useEffect } from 'react';

import { useStudioQuery } from '../../../studio/studio.tsx';
import { useHere, useView } from '../use-view.tsx';

interface Offer {
  readonly resolution: number;
  readonly step: number;
}

/** What Stable Diffusion models are commonly trained at; sides keep to 64. */
const common: readonly Offer[] = [512, 768, 1024].map((resolution) => ({ resolution, step: 64 }));

/** Chooses the resolution that crops and buckets are shown for: those of the models that are there, and the common. */
export function CropChoice() {
  const { view } = useHere();
  const crop = useView((state) => state.crop);
  const { data: models = [] } = useStudioQuery('models.list', {});
  const offers = distinct([
    ...models.map(({ resolution, pixelStep }) => ({ resolution, step: pixelStep })),
    ...common,
  ]);
  const first = models[0];
  // What is likely to be trained, as long as nobody chose otherwise.
  useEffect(() => {
    if (first === undefined) return;
    view.setState((state) =>
      state.cropChosen ? state : { crop: { resolution: first.resolution, step: first.pixelStep } },
    );
  }, [view, first]);
  return (
    <NativeSelect
      size="xs"
      w={104}
      aria-label="Resolution to crop for"
      value={keyOf(crop)}
      data={offers.map((offer) => ({ value: keyOf(offer), label: `at ${offer.resolution} px` }))}
      onChange={({ currentTarget }) => {
        const chosen = offers.find((offer) => keyOf(offer) === currentTarget.value);
        if (chosen !== undefined) view.setState({ crop: chosen, cropChosen: true });
      }}
    />
  );
}

const keyOf = ({ resolution, step }: Offer) => `${resolution}/${step}`;

function distinct(offers: readonly Offer[]): readonly Offer[] {
  return [...new Map(offers.map((offer) => [keyOf(offer), offer])).values()].sort(
    (a, b) => a.resolution - b.resolution,
  );
}
