import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';
import { Route } from 'wouter';

import type { AllHandlers } from '../../../../electron/contract/api.ts';
import type { Export } from '../../../../electron/contract/exports.ts';
import { settingsSchema } from '../../../../electron/contract/system.ts';
import { ModelsScreen } from '../../../../renderer/features/models/models-screen.tsx';
import { exampleModel, exampleRun } from '../../example-run.ts';
import { fakeStudio, renderWithStudio } from '../../fake-studio.tsx';

const finetune = {
  ...exampleModel,
  id: 2,
  name: 'My style',
  kind: 'finetune' as const,
  parentId: 1,
  runId: 7,
  epoch: 5,
  card: '# My style\n\nTrained on `emoji`.',
  createdAt: 10,
};
const exported: Export = {
  id: 1,
  kind: 'lora',
  status: 'ready',
  failure: null,
  title: 'emoji, epoch 5',
  path: '/exports/emoji.safetensors',
  bytes: 1_200_000,
  runId: 7,
  epoch: 5,
  createdAt: 1,
};

function show(path: string, handlers: Partial<AllHandlers> = {}) {
  const studio = fakeStudio({
    'models.list': () => [exampleModel, finetune],
    'models.remove': () => null,
    'runs.list': () => [{ ...exampleRun, status: 'finished' }],
    'exports.list': () => [exported],
    'exports.card': () => '# The card',
    'system.settings': () => settingsSchema.parse({}),
    ...handlers,
  });
  const rendered = renderWithStudio(<Route path="/models/:id?" component={ModelsScreen} />, studio, path);
  return { studio, user: userEvent.setup(), ...rendered };
}

describe('the models screen', () => {
  test('tells what a finetune was made of, by which run, and shows its card', async () => {
    show('/models/2');
    expect(await screen.findByRole('heading', { name: 'My style', level: 2 })).toBeTruthy();
    const line = screen.getAllByRole('link', { name: /Seedling/ });
    expect(line.map((link) => link.getAttribute('href'))).toContain('/models/1');
    expect((await screen.findByRole('link', { name: 'emoji, full' })).getAttribute('href')).toBe('/runs/7');
    expect(screen.getByText('emoji').tagName).toBe('CODE');
  });

  test('asks before a finetune is removed', async () => {
    const { studio, user } = show('/models/2');
    await user.click(await screen.findByRole('button', { name: 'More for My style' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Remove…' }));
    expect(studio.inputsOf('models.remove')).toEqual([]);
    await user.click(await screen.findByRole('button', { name: 'Remove model' }));
    await waitFor(() => {
      expect(studio.inputsOf('models.remove')).toEqual([{ modelId: 2 }]);
    });
  });

  test('an export whose file was deleted is not said to be ready', async () => {
    const { user } = show('/models', { 'exports.list': () => [{ ...exported, missing: true }] });
    await user.click(await screen.findByText('Exports'));
    expect(await screen.findByRole('img', { name: 'No longer there' })).toBeTruthy();
    expect(screen.queryByLabelText('Ready')).toBeNull();
  });

  test('goes to the form with the model as base, and to the bench', async () => {
    const { user, location } = show('/models/1');
    await user.click(await screen.findByRole('button', { name: 'Generate' }));
    expect(location()).toBe('/bench?model=1');
  });

  test('lists what was exported, with its card', async () => {
    const { user } = show('/models/exports');
    expect(await screen.findByText(/LoRA file · 1.2 MB · \/exports\/emoji.safetensors/)).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Model card' }));
    expect(await screen.findByRole('heading', { name: 'The card' })).toBeTruthy();
  });
});
