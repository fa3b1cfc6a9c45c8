import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';

import { StudioFailure } from '../../../../electron/connection/studio-failure.ts';
import type { AllHandlers } from '../../../../electron/contract/api.ts';
import type { Sample } from '../../../../electron/contract/gallery.ts';
import type { Model } from '../../../../electron/contract/models.ts';
import type { SamplerSettings } from '../../../../electron/contract/values.ts';
import { BenchScreen } from '../../../../renderer/features/bench/bench-screen.tsx';
import { examplePlan, exampleRequest, exampleRun } from '../../example-run.ts';
import { fakeStudio, renderWithStudio } from '../../fake-studio.tsx';
import { readsFourWords } from '../../read-texts.ts';
import { aSample } from '../compare/a-comparison.ts';

const base: Model = {
  id: 1,
  name: 'Seedling',
  kind: 'embedded',
  folder: 'seedling',
  missing: false,
  resolution: 64,
  pixelStep: 8,
  parameters: 1,
  components: [],
  bytes: 1,
  prediction: 'epsilon',
  parentId: null,
  runId: null,
  epoch: null,
  card: null,
  createdAt: 1,
};

function show(made: readonly Sample[], handlers: Partial<AllHandlers> = {}, path = '/bench') {
  const history = [...made];
  const studio = fakeStudio({
    'models.list': () => [base],
    'runs.list': () => [],
    'gallery.history': ({ offset, limit }) => ({
      total: history.length,
      samples: history.slice(offset, offset + limit),
    }),
    'gallery.sample': ({ sampleId }) => {
      const found = history.find(({ id }) => id === sampleId);
      if (found !== undefined) return found;
      throw new StudioFailure({ code: 'sample-missing', message: 'It is gone.', hint: '' });
    },
    'gallery.generate': ({ seeds, prompt, recipe }) => {
      const queued = seeds.map((seed, index) =>
        aSample({
          id: 100 + index,
          runId: null,
          modelId: 1,
          epoch: null,
          prompt,
          seed,
          recipe,
          status: 'queued',
        }),
      );
      history.unshift(...queued);
      studio.publish('changed', { subjects: ['samples'] });
      return { sampleIds: queued.map(({ id }) => id) };
    },
    'gallery.removeSamples': ({ sampleIds }) => {
      history.splice(
        history.findIndex(({ id }) => sampleIds.includes(id)),
        1,
      );
      studio.publish('changed', { subjects: ['samples'] });
      return null;
    },
    'gallery.setFavourite': () => null,
    ...handlers,
  });
  return { studio, ...renderWithStudio(<BenchScreen />, studio, path) };
}

const ofBench = (id: number, change: Partial<Sample> = {}) =>
  aSample({ id, runId: null, modelId: 1, epoch: null, prompt: `picture ${id}`, seed: id, ...change });

describe('the bench', () => {
  test('makes a picture of what is set and shows it as it comes', async () => {
    const { studio } = show([]);
    await userEvent.type(await screen.findByLabelText('Prompt'), 'a fox');
    expect(screen.getByText('Nothing made yet')).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Make a picture' }));
    const result = await screen.findByRole('region', { name: 'Result' });
    expect(within(result).getByText('Queued')).toBeTruthy();
    expect(studio.inputsOf('gallery.generate')).toMatchObject([
      {
        model: { kind: 'model', modelId: 1 },
        prompt: 'a fox',
        seeds: [0],
        recipe: { width: 64, height: 64 },
      },
    ]);
    act(() => {
      studio.publish('gallery.sample', ofBench(100, { prompt: 'a fox' }));
    });
    expect(await within(result).findByRole('img', { name: 'a fox' })).toBeTruthy();
  });

  test('lends a prompt the words of files, and takes them away again', async () => {
    const file = '/home/me/glyph.safetensors';
    const { studio } = show([], {
      'system.browse': () => ({
        ...{ folder: '/home/me', parent: '/home', shortcuts: [], images: 0 },
        entries: [{ name: 'glyph.safetensors', path: file, kind: 'model-file' as const }],
      }),
      'gallery.generate': () => ({ sampleIds: [] }),
    });
    await userEvent.click(await screen.findByRole('button', { name: 'Add a new word' }));
    await userEvent.click(await screen.findByText('glyph.safetensors'));
    await userEvent.click(screen.getByRole('button', { name: 'Use this file' }));
    const words = await screen.findByRole('group', { name: 'New words' });
    await within(words).findByText('glyph');
    await userEvent.click(screen.getByRole('button', { name: 'Make a picture' }));
    await userEvent.click(within(words).getByRole('button', { name: 'Leave glyph out' }));
    await userEvent.click(screen.getByRole('button', { name: 'Make a picture' }));
    const [lent, plain] = studio.inputsOf('gallery.generate');
    expect(lent).toMatchObject({ recipe: { embeddings: [{ file }] } });
    expect(plain).not.toHaveProperty('recipe.embeddings');
  });

  test('begins with the epoch of the lowest held-out loss and says so, for a run that is chosen, too', async () => {
    const run = { ...exampleRun, status: 'finished' as const, checkpoints: [1, 2, 5] };
    const runs = [
      { ...run, id: 7, name: 'older', createdAt: 1 },
      { ...run, id: 8, name: 'newest', createdAt: 2 },
      // Nothing was held out.
      { ...run, id: 9, name: 'plain', createdAt: 0 },
    ];
    const losses = new Map([
      [7, [0.3, 0.4, 0.5]],
      [8, [0.5, 0.3, 0.4]],
    ]);
    const { studio } = show([], {
      'runs.list': () => runs,
      'runs.get': ({ runId }) => ({
        ...runs.find(({ id }) => id === runId)!,
        ...{ request: exampleRequest, plan: examplePlan, folder: '/runs', prompts: [], seeds: [0] },
        ...{ bytes: 1, stateBytes: 0, ledger: [] },
      }),
      'runs.metrics': ({ runId }) => ({
        steps: { step: [], epoch: [], loss: [], learningRate: [], gradientNorm: [] },
        epochs: [1, 2, 5].map((epoch, at) => {
          return { epoch, trainLoss: 0.2, validationLoss: losses.get(runId)?.[at] ?? null };
        }),
      }),
    });
    const epochOf = () => screen.getByRole<HTMLInputElement>('combobox', { name: 'Epoch' }).value;
    await screen.findByText('Of the epochs kept, 2 has the lowest held-out loss (0.3000).');
    expect(epochOf()).toBe('2');
    const choose = async (name: string) => {
      await userEvent.click(screen.getByRole('combobox', { name: 'Model' }));
      await userEvent.click(await screen.findByRole('option', { name }));
    };
    await choose('older');
    await screen.findByText('Of the epochs kept, 1 has the lowest held-out loss (0.3000).');
    await waitFor(() => {
      expect(epochOf()).toBe('1');
    });
    await choose('plain');
    await waitFor(() => {
      expect(epochOf()).toBe('5');
    });
    expect(screen.queryByText(/lowest held-out loss/)).toBeNull();
    await userEvent.click(screen.getByRole('button', { name: 'Make a picture' }));
    expect(studio.inputsOf('gallery.generate')).toMatchObject([{ model: { runId: 9, epoch: 5 } }]);
  });

  test('does not ask for a size the model cannot make', async () => {
    show([]);
    fireEvent.change(await screen.findByLabelText('Width'), { target: { value: '60' } });
    // At the field, and below the button.
    expect(await screen.findAllByText(/a multiple of 8/)).toHaveLength(2);
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Make a picture' }).disabled).toBe(true);
  });

  test('draws another seed each time where the seed is not kept', async () => {
    const { studio } = show([]);
    await userEvent.click(await screen.findByRole('button', { name: 'Keep the seed' }));
    await userEvent.click(screen.getByRole('button', { name: 'Make a picture' }));
    await waitFor(() => {
      expect(studio.inputsOf('gallery.generate')).toHaveLength(1);
    });
    const [{ seeds }] = studio.inputsOf('gallery.generate') as [{ seeds: number[] }];
    expect(screen.getByLabelText<HTMLInputElement>('Seed').value).toBe(String(seeds[0]));
  });

  test('begins with the settings of the picture it was sent', async () => {
    show([ofBench(7, { prompt: 'a boat', seed: 42 })], {}, '/bench?sample=7');
    expect((await screen.findByLabelText<HTMLTextAreaElement>('Prompt')).value).toBe('a boat');
    expect(screen.getByLabelText<HTMLInputElement>('Seed').value).toBe('42');
  });

  test('no longer names that picture in its address when others are chosen, which stay', async () => {
    const { location } = show([ofBench(7, { prompt: 'a boat', seed: 42 })], {}, '/bench?sample=7');
    const prompt = await screen.findByLabelText<HTMLTextAreaElement>('Prompt');
    expect(location()).toBe('/bench?sample=7');
    await userEvent.type(prompt, ' at sea');
    expect(location()).toBe('/bench');
    expect(screen.getByLabelText<HTMLTextAreaElement>('Prompt').value).toBe('a boat at sea');
    expect(screen.getByLabelText<HTMLInputElement>('Seed').value).toBe('42');
  });
});

describe('what was made before', () => {
  test('is looked at, used again and deleted', async () => {
    const { studio } = show([ofBench(2), ofBench(1)]);
    await userEvent.click(await screen.findByRole('button', { name: 'picture 1, seed 1' }));
    const result = within(await screen.findByRole('region', { name: 'Result' }));
    expect(await result.findByRole('img', { name: 'picture 1' })).toBeTruthy();
    const save = result.getByRole('link', { name: 'Save picture' });
    expect(save.getAttribute('href')).toBe('/media/samples/1');
    expect(save.getAttribute('download')).toMatch(/^picture 1, .*seed 1\.png$/);
    await userEvent.click(result.getByRole('button', { name: 'Use these settings' }));
    expect(screen.getByLabelText<HTMLTextAreaElement>('Prompt').value).toBe('picture 1');
    await userEvent.click(result.getByRole('button', { name: 'Delete' }));
    await userEvent.click(await screen.findByRole('button', { name: 'Delete picture' }));
    await waitFor(() => {
      expect(screen.queryByRole('button', { name: 'picture 1, seed 1' })).toBeNull();
    });
    expect(studio.inputsOf('gallery.removeSamples')).toEqual([{ sampleIds: [1] }]);
  });

  test('is compared two by two', async () => {
    show([ofBench(2), ofBench(1)]);
    const user = userEvent.setup();
    const first = await screen.findByRole('button', { name: 'picture 1, seed 1' });
    await user.keyboard('{Control>}');
    await user.click(first);
    await user.click(screen.getByRole('button', { name: 'picture 2, seed 2' }));
    await user.keyboard('{/Control}');
    const pair = within(await screen.findByRole('region', { name: 'Two pictures' }));
    expect(pair.getByRole('img', { name: 'A: Seedling, seed 1' })).toBeTruthy();
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('region', { name: 'Two pictures' })).toBeNull();
  });

  test('says before anything is made that a prompt is longer than the model reads', async () => {
    const { studio } = show([], readsFourWords);
    await userEvent.type(await screen.findByLabelText('Prompt'), 'one two three four');
    await waitFor(() => {
      expect(studio.inputsOf('models.readTexts')).toContainEqual({
        modelId: 1,
        as: 'prompt',
        texts: ['one two three four'],
      });
    });
    expect(screen.queryByText(/tokens;/)).toBeNull();
    await userEvent.type(screen.getByLabelText('Prompt'), ' five');
    expect(await screen.findByText('5 tokens; Seedling reads 4.')).toBeDefined();
    await userEvent.type(screen.getByLabelText('Negative prompt'), 'a b c d e f');
    expect(await screen.findByText('6 tokens; Seedling reads 4.')).toBeDefined();
    await userEvent.clear(screen.getByLabelText('Prompt'));
    expect(screen.queryByText('5 tokens; Seedling reads 4.')).toBeNull();
    expect(studio.inputsOf('gallery.generate')).toEqual([]);
  });

  test('a picture that failed says why, and is tried again or removed', async () => {
    const failure = { code: 'no-memory', message: 'Too large.', hint: 'Make it smaller.' };
    const { studio } = show([ofBench(2, { status: 'failed', failure }), ofBench(1)], {
      'gallery.makeAgain': () => null,
    });
    const result = within(await screen.findByRole('region', { name: 'Result' }));
    const note = within(result.getByRole('alert'));
    expect(note.getByText('Too large.')).toBeDefined();
    expect(note.getByText('Make it smaller.')).toBeDefined();
    expect(await screen.findByRole('button', { name: 'picture 2, seed 2, failed' })).toBeDefined();
    await userEvent.click(note.getByRole('button', { name: 'Try again' }));
    await waitFor(() => {
      expect(studio.inputsOf('gallery.makeAgain')).toEqual([{ sampleId: 2 }]);
    });
    act(() => {
      studio.publish('gallery.sample', ofBench(2, { status: 'queued' }));
    });
    expect(await result.findByText('Queued')).toBeDefined();
    act(() => {
      studio.publish('gallery.sample', ofBench(2, { status: 'failed', failure }));
    });
    await userEvent.click(await result.findByRole('button', { name: 'Remove' }));
    await waitFor(() => {
      expect(studio.inputsOf('gallery.removeSamples')).toEqual([{ sampleIds: [2] }]);
    });
  });

  test('a picture that was taken out of the queue says so', async () => {
    show([ofBench(2, { status: 'cancelled' })]);
    const result = within(await screen.findByRole('region', { name: 'Result' }));
    expect(result.getByText('This picture was not made.')).toBeDefined();
    expect(result.getByRole('button', { name: 'Try again' })).toBeDefined();
  });

  test('skips no more layers than the model’s text encoder has', async () => {
    show([], { 'models.reading': () => ({ tokens: 20, layers: 4 }) });
    const field = await screen.findByLabelText('Clip skip');
    await userEvent.clear(field);
    await userEvent.type(field, '5');
    expect(await screen.findByText('Clip skip goes from 1 to 4.')).toBeDefined();
  });

  test('makes pictures at the clip skip that is set', async () => {
    const { studio } = show([]);
    const field = await screen.findByLabelText('Clip skip');
    await userEvent.clear(field);
    await userEvent.type(field, '2');
    await userEvent.click(screen.getByRole('button', { name: 'Make a picture' }));
    await waitFor(() => {
      const asked = (studio.inputsOf('gallery.generate') as { recipe: SamplerSettings }[]).map(
        ({ recipe }) => recipe.clipSkip,
      );
      expect(asked).toEqual([2]);
    });
    await userEvent.clear(field);
    await userEvent.type(field, '13');
    expect(await screen.findByText('Clip skip goes from 1 to 12.')).toBeDefined();
  });
});
