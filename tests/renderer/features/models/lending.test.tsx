import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';

import { StudioFailure } from '../../../../electron/connection/studio-failure.ts';
import { LendingProvider } from '../../../../renderer/features/models/lending.tsx';
import { useAddModels } from '../../../../renderer/features/models/use-add-models.ts';
import { fakeStudio, renderWithStudio } from '../../fake-studio.tsx';

const path = '/given/bare.safetensors';
const lacking = { name: 'bare.safetensors', label: 'Stable Diffusion 1.x', lacks: ['VAE'] };

function AddIt() {
  const add = useAddModels();
  return (
    <button type="button" onClick={() => void add([path])}>
      add it
    </button>
  );
}

function draw(lenders: { modelId: number; name: string }[]) {
  const fail = (code: string) => {
    throw new StudioFailure({ code, message: 'no', hint: 'no' });
  };
  const studio = fakeStudio({
    'loras.add': () => fail('not-a-lora'),
    'models.add': ({ lender }) => (lender == null ? fail('model-part-missing') : { modelId: 4 }),
    'models.lenders': () => ({ ...lacking, lenders }),
    'models.discardUploaded': () => null,
  });
  const { location } = renderWithStudio(
    <LendingProvider>
      <AddIt />
    </LendingProvider>,
    studio,
    '/models',
  );
  return { studio, location, user: userEvent.setup() };
}

test('a model that lacks its VAE takes it from another by one click', async () => {
  const { studio, location, user } = draw([{ modelId: 2, name: 'Whole' }]);
  await user.click(screen.getByText('add it'));
  const dialog = await screen.findByRole('dialog', { name: 'bare.safetensors has no VAE' });
  expect(dialog.textContent).toContain('It is a Stable Diffusion 1.x without its VAE.');
  await user.click(screen.getByRole('button', { name: 'Take it from here: Whole' }));
  await waitFor(() => {
    expect(location()).toBe('/models/4');
  });
  expect(studio.inputsOf('models.add').at(-1)).toEqual({ path, lender: { modelId: 2 } });
  expect(studio.inputsOf('models.discardUploaded')).toEqual([]);
});

test('where no model can lend it, that is said with what to do; what a browser sent goes on cancelling', async () => {
  const { studio, user } = draw([]);
  await user.click(screen.getByText('add it'));
  await screen.findByText(/None of your models can lend it\./);
  expect(screen.getByRole('link', { name: 'Get a base' }).getAttribute('href')).toBe('/models/get');
  await user.click(screen.getByRole('button', { name: 'Cancel' }));
  expect(studio.inputsOf('models.discardUploaded')).toEqual([{ path }]);
});
