import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';

import type { OutputOf } from '../../../../electron/contract/api.ts';
import type { DatasetDetail } from '../../../../electron/contract/datasets.ts';
import { SplitMenu } from '../../../../renderer/features/datasets/images/split-menu.tsx';
import { fakeStudio, renderWithStudio } from '../../fake-studio.tsx';
import { dataset } from './examples.ts';

test('images are held out by a pasted list of names', async () => {
  const studio = fakeStudio({
    'datasets.validation': () => ({ kind: 'none' }),
    'datasets.setValidation': () => ({ heldOut: [] }),
  });
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

const studioWith = (choice: OutputOf<'datasets.validation'>) =>
  fakeStudio({ 'datasets.validation': () => choice });

async function opened(given: DatasetDetail, choice: OutputOf<'datasets.validation'>) {
  renderWithStudio(<SplitMenu dataset={given} />, studioWith(choice));
  const user = userEvent.setup();
  await user.click(screen.getByRole('button', { name: 'Hold out…' }));
  await screen.findByRole('radio', { name: 'None' });
  return user;
}
const chosen = () => screen.getByRole<HTMLInputElement>('radio', { checked: true }).value;
const field = (label: string) => screen.getByLabelText<HTMLInputElement>(label).value;

describe('the choice of what is held out', () => {
  const sixty = { ...dataset, images: 60, heldOut: 3 };

  test('begins with the number that is held out, and says it in percent, too', async () => {
    const user = await opened(sixty, { kind: 'count', count: 3 });
    expect([chosen(), field('Images to hold out')]).toEqual(['count', '3']);
    await user.click(screen.getByRole('radio', { name: 'A percentage' }));
    expect(field('Percentage to hold out')).toBe('5');
  });

  test('begins with the names of those held out by hand', async () => {
    await opened(sixty, { kind: 'names', names: ['fox.png', 'den/wolf.png'] });
    expect([chosen(), field('Names of the images to hold out')]).toEqual(['names', 'fox.png\nden/wolf.png']);
  });

  test('begins with the metadata where that holds them out', async () => {
    const marked = { ...sixty, fields: [{ name: 'split', images: 60, example: 'train' }] };
    await opened(marked, { kind: 'marked' });
    expect(chosen()).toBe('marked');
  });

  test('proposes a tenth where none are held out', async () => {
    await opened({ ...sixty, heldOut: 0 }, { kind: 'none' });
    expect([chosen(), field('Percentage to hold out')]).toEqual(['fraction', '10']);
  });
});

test('what the metadata has to say to hold an image out is said', async () => {
  const marked = { ...dataset, fields: [{ name: 'split', images: 3, example: 'train' }] };
  renderWithStudio(<SplitMenu dataset={marked} />, studioWith({ kind: 'none' }));
  await userEvent.setup().click(screen.getByRole('button', { name: 'Hold out…' }));
  expect(await screen.findByText(/field split says val, validation, dev, test or held-out/)).toBeTruthy();
});
