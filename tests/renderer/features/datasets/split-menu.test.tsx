import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';

import { SplitMenu } from '../../../../renderer/features/datasets/images/split-menu.tsx';
import { fakeStudio, renderWithStudio } from '../../fake-studio.tsx';
import { dataset } from './examples.ts';

test('images are held out by a pasted list of names', async () => {
  const studio = fakeStudio({ 'datasets.setValidation': () => null });
  renderWithStudio(<SplitMenu dataset={dataset} />, studio);
  const user = userEvent.setup();
  await user.click(screen.getByRole('button', { name: 'Hold out…' }));
  await user.click(await screen.findByRole('radio', { name: 'By a list of names' }));
  const button = () => screen.getAllByRole('button', { name: 'Hold out' }).at(-1)!;
  expect(button()).toHaveProperty('disabled', true);
  await user.click(screen.getByLabelText('Names of the images to hold out'));
  await user.paste('["fox.png",\r\n"wolf.png"]\n\n owl ');
  await user.click(button());
  await waitFor(() => {
    expect(studio.inputsOf('datasets.setValidation')).toEqual([
      { datasetId: dataset.id, choice: { kind: 'names', names: ['fox.png', 'wolf.png', 'owl'] } },
    ]);
  });
});

test('what the metadata has to say to hold an image out is said', async () => {
  const marked = { ...dataset, fields: [{ name: 'split', images: 3, example: 'train' }] };
  renderWithStudio(<SplitMenu dataset={marked} />, fakeStudio({}));
  await userEvent.setup().click(screen.getByRole('button', { name: 'Hold out…' }));
  expect(await screen.findByText(/field split says val, validation, dev, test or held-out/)).toBeTruthy();
});
