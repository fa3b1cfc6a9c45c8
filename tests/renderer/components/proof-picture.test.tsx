import { MantineProvider } from '@mantine/core';
import { fireEvent, render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';

import { ProofPicture } from '../../../renderer/components/proof-picture.tsx';

const shown = (width: number, height: number) => {
  render(
    <MantineProvider>
      <ProofPicture exportId={3} />
    </MantineProvider>,
  );
  const image = screen.getByRole<HTMLImageElement>('img');
  Object.defineProperties(image, { naturalWidth: { value: width }, naturalHeight: { value: height } });
  fireEvent.load(image);
  return image.style;
};

test('the proof of a small model is enlarged by whole pixels, which stay sharp', () => {
  const { width, imageRendering } = shown(136, 64);
  expect([width, imageRendering]).toEqual(['408px', 'pixelated']);
  expect(screen.getByText(/left by the model it was made of, right by the export/)).toBeTruthy();
  expect(screen.getByText(/in few steps, so they are rougher than the pictures under Compare/)).toBeTruthy();
});

test('the proof of a model of 128 pixels or more is shown as it is', () => {
  const { width, imageRendering } = shown(264, 128);
  expect([width, imageRendering]).toEqual(['', '']);
});
