import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';

import type { AllHandlers } from '../../../../electron/contract/api.ts';
import type { Comparison } from '../../../../electron/contract/gallery.ts';
import type { RunSummary } from '../../../../electron/contract/runs.ts';
import { CompareScreen } from '../../../../renderer/features/compare/compare-screen.tsx';
import { fakeStudio, renderWithStudio } from '../../fake-studio.tsx';
import { aComparison } from './a-comparison.ts';
import { aLikeness } from './a-likeness.ts';

const aRun = (id: number): RunSummary => ({
  id,
  name: `run ${id}`,
  status: 'finished',
  queuePosition: null,
  datasetId: 1,
  datasetName: 'images',
  captionSetName: 'by hand',
  baseModelId: 1,
  baseName: 'base',
  method: 'full',
  epochs: 5,
  epoch: 5,
  step: 10,
  steps: 10,
  checkpoints: [1, 2, 5],
  trainLoss: null,
  validationLoss: null,
  seconds: 1,
  cost: null,
  failure: null,
  createdAt: id,
  startedAt: null,
  endedAt: null,
  coverSampleId: null,
});

function show(comparison: Comparison, handlers: Partial<AllHandlers> = {}, path = '/compare') {
  const studio = fakeStudio({
    'runs.list': () => comparison.runs.map(({ id }) => aRun(id)),
    'gallery.comparison': () => comparison,
    'exports.list': () => [],
    ...handlers,
  });
  return { studio, ...renderWithStudio(<CompareScreen />, studio, path) };
}

const cells = async () => await screen.findAllByRole('gridcell');
const addresses = () =>
  screen.getAllByRole<HTMLImageElement>('img').map((image) => image.getAttribute('src')?.split('?')[0]);

describe('the comparison', () => {
  test('unfolds a run from the base to the last epoch, a row for every prompt', async () => {
    show(aComparison());
    await cells();
    const heads = screen.getAllByRole('columnheader').map(({ textContent }) => textContent);
    expect(heads).toEqual([
      'Rows',
      'Baseepoch 0',
      'Epoch 1held out 0.5000',
      'Epoch 2held out 0.3333',
      'Epoch 5held out 0.1667',
    ]);
    expect(screen.getAllByRole('rowheader').map(({ textContent }) => textContent)).toEqual([
      'a cat',
      'a dog',
    ]);
    expect(addresses()).toContain('/media/samples/1');
  });

  test('stands several runs side by side at their last epoch', async () => {
    show(
      aComparison({
        runs: [
          [0, 1],
          [0, 1],
        ],
      }),
      {},
      '/compare?runs=1,2',
    );
    await waitFor(() => {
      expect(screen.getAllByRole('columnheader')).toHaveLength(3);
    });
    expect(screen.getByRole('slider', { name: 'Epoch' }).getAttribute('aria-valuetext')).toBe('Epoch 1');
  });

  test('shows a picture as soon as it has come, without asking for all of them again', async () => {
    const comparison = aComparison();
    const samples = comparison.samples.map((one) => ({ ...one, status: 'queued' as const }));
    const { studio } = show({ ...comparison, samples });
    await cells();
    expect(screen.getAllByText('Queued')).toHaveLength(8);
    expect(screen.getByText('8 pictures on the way')).toBeTruthy();
    act(() => {
      studio.publish('gallery.sample', { ...samples[2]!, status: 'making' });
      studio.publish('gallery.sample', { ...samples[0]!, status: 'ready' });
    });
    await waitFor(() => {
      expect(addresses()).toEqual(['/media/samples/1']);
    });
    expect(screen.getAllByText('Making')).toHaveLength(1);
    expect(studio.inputsOf('gallery.comparison')).toHaveLength(1);
  });

  test('says what is missing and has it made', async () => {
    const comparison = aComparison();
    const { studio } = show(
      { ...comparison, samples: comparison.samples.slice(3) },
      { 'gallery.fill': () => ({ queued: 3 }) },
    );
    await cells();
    expect(screen.getByText('3 pictures missing')).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Make them' }));
    expect(studio.inputsOf('gallery.fill')).toEqual([{ runIds: [1] }]);
  });

  test('shows beside a large picture the training image that it is most like', async () => {
    show(aComparison(), { 'gallery.likeness': aLikeness }, '/compare?sample=8');
    const nearest = within(await screen.findByRole('region', { name: 'Nearest training image' }));
    expect(await nearest.findByText('Likely a copy')).toBeTruthy();
    const image = nearest.getByRole<HTMLImageElement>('img', { name: 'The training image images/7.png' });
    expect(image.getAttribute('src')).toBe('/media/images/107');
    expect(nearest.getByText('0.031')).toBeTruthy();
    expect(nearest.getByText('0.310')).toBeTruthy();
    // Above the settings, which alone fill a low window.
    const about = screen.getByRole('complementary', { name: 'About this picture' });
    expect(about.firstElementChild?.getAttribute('aria-label')).toBe('Nearest training image');
  });

  test('shows what numbers say of the epochs, when asked', async () => {
    const { studio } = show(aComparison(), { 'gallery.likeness': aLikeness });
    await cells();
    expect(studio.inputsOf('gallery.likeness')).toEqual([]);
    await userEvent.click(screen.getByRole('button', { name: 'Figures' }));
    const panel = within(screen.getByRole('region', { name: 'Figures of run 1' }));
    expect(await panel.findByRole('img', { name: /Likely copies.*Epoch 5: 1 of 2/ })).toBeTruthy();
    expect(panel.getByRole('img', { name: /Held-out loss.*Epoch 2: 0.3333/ })).toBeTruthy();
    // The answer comes first: of a low window the rest is below the fold.
    const answer = panel.getByText(/^Held-out loss is lowest at epoch 5/);
    const [drawing] = panel.getAllByRole('img');
    expect(answer.compareDocumentPosition(drawing!)).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
    expect(
      panel.getByRole('img', {
        name: /^Distance.*; real images among themselves: 0.040 \(0.000 to 0.110\)$/,
      }),
    ).toBeTruthy();
    expect(panel.getByText('real images among themselves')).toBeTruthy();
    expect(studio.inputsOf('gallery.likeness')).toEqual([{ runId: 1 }]);
    await userEvent.click(screen.getByRole('button', { name: 'Figures' }));
    expect(screen.queryByRole('region', { name: 'Figures of run 1' })).toBeNull();
  });

  test('says of numbers that they are of the pictures before, while new ones are made or compared', async () => {
    const figuresOf = async (comparison: Comparison, state: 'ready' | 'working') => {
      const { unmount } = show(comparison, { 'gallery.likeness': () => ({ ...aLikeness(), state }) });
      await cells();
      await userEvent.click(screen.getByRole('button', { name: 'Figures' }));
      await screen.findByRole('img', { name: /Likely copies/ });
      const former = screen
        .getAllByRole('figure')
        .filter((figure) => within(figure).queryByText(', of the pictures before') !== null)
        .map((figure) => within(figure).getByRole('img').getAttribute('aria-label')?.split('.')[0]);
      unmount();
      return former;
    };
    const compared = ['Distance from the held-out images', 'Prompt followed', 'Likely copies'];
    const { samples, ...rest } = aComparison();
    const waiting = samples.map((sample, at) =>
      at === 7 ? { ...sample, status: 'queued' as const } : sample,
    );
    expect(await figuresOf(aComparison(), 'ready')).toEqual([]);
    expect(await figuresOf(aComparison(), 'working')).toEqual(compared);
    expect(await figuresOf({ ...rest, samples: waiting }, 'ready')).toEqual(compared);
  });

  test('says once where nothing was held out, and keeps the figure that needs nothing of that', async () => {
    const { runs, ...rest } = aComparison();
    const losses = (one: (typeof runs)[number]) =>
      one.losses.map((loss) => ({ ...loss, validationLoss: null, seenLoss: null }));
    const comparison = { ...rest, runs: runs.map((one) => ({ ...one, losses: losses(one) })) };
    show(comparison, { 'gallery.likeness': () => ({ ...aLikeness(), heldOut: 0 }) });
    await cells();
    await userEvent.click(screen.getByRole('button', { name: 'Figures' }));
    const panel = within(screen.getByRole('region', { name: 'Figures of run 1' }));
    expect(await panel.findByText(/^Nothing was held out, so only your eyes can tell\./)).toBeTruthy();
    expect(panel.getByText('Likely copies')).toBeTruthy();
    expect(panel.getAllByRole('figure')).toHaveLength(1);
  });

  test('has a way to train where there are no runs', async () => {
    show({ ...aComparison(), runs: [] });
    expect(await screen.findByRole('link', { name: 'Train a model' })).toBeTruthy();
  });

  test('says why it cannot be shown', async () => {
    show(aComparison(), {
      'gallery.comparison': () => {
        throw new Error('The library is locked.');
      },
    });
    expect(await screen.findByText('The library is locked.')).toBeTruthy();
  });
});

describe('keys over the comparison', () => {
  test('go to a picture, open it, scrub its epochs and come back', async () => {
    show(aComparison());
    await cells();
    await userEvent.keyboard('{ArrowRight}{ArrowDown} ');
    const large = within(screen.getByRole('region', { name: 'Large picture' }));
    expect(large.getByRole('img', { name: /a dog, Epoch 1/ })).toBeTruthy();
    await userEvent.keyboard('{End}');
    expect(large.getByRole('img', { name: /a dog, Epoch 5/ })).toBeTruthy();
    await userEvent.keyboard('{ArrowLeft}');
    expect(large.getByRole('img', { name: /a dog, Epoch 2/ })).toBeTruthy();
    await userEvent.keyboard('{Escape}');
    expect(screen.queryByRole('region', { name: 'Large picture' })).toBeNull();
  });

  test('open a picture whose epoch can be kept as a model, unless a new word was taught', async () => {
    const offered = async (method: 'full' | 'embedding') => {
      const comparison = aComparison();
      const { unmount } = show({ ...comparison, runs: comparison.runs.map((run) => ({ ...run, method })) });
      await cells();
      await userEvent.keyboard('{ArrowRight} ');
      const large = within(screen.getByRole('region', { name: 'Large picture' }));
      expect(large.getByRole('button', { name: 'Export this epoch…' })).toBeTruthy();
      const save = large.getByRole('link', { name: 'Save picture' });
      expect(save.getAttribute('href')).toBe('/media/samples/3');
      expect(save.getAttribute('download')).toMatch(/^a cat, Epoch 1.*\.png$/i);
      const keep = large.queryByRole('button', { name: 'Keep as a model…' });
      unmount();
      return keep !== null;
    };
    expect([await offered('full'), await offered('embedding')]).toEqual([true, false]);
  });

  test('put another axis across', async () => {
    show(aComparison({ seeds: [7, 8] }));
    await cells();
    await userEvent.keyboard('3');
    const heads = screen.getAllByRole('columnheader').map(({ textContent }) => textContent);
    expect(heads).toEqual(['Rows', 'Seed 7', 'Seed 8']);
  });

  test('make a favourite of what is in focus', async () => {
    const { studio } = show(aComparison(), { 'gallery.setFavourite': () => null });
    await cells();
    await userEvent.keyboard('f');
    expect(await screen.findByRole('img', { name: 'Favourite' })).toBeTruthy();
    expect(studio.inputsOf('gallery.setFavourite')).toEqual([{ sampleId: 1, favourite: true }]);
  });

  test('type where somebody types', async () => {
    show(aComparison());
    await cells();
    await userEvent.click(screen.getByRole('button', { name: 'Prompts and seeds' }));
    await userEvent.type(await screen.findByLabelText('New prompts'), 'x f');
    expect(screen.getByLabelText<HTMLTextAreaElement>('New prompts').value).toBe('x f');
    expect(screen.getByRole('button', { name: 'Columns: Epochs' })).toBeTruthy();
  });

  test('are listed', async () => {
    show(aComparison());
    await cells();
    await userEvent.keyboard('?');
    expect(await screen.findByRole('dialog', { name: 'Keys' })).toBeTruthy();
  });
});

describe('two pictures', () => {
  test('are picked with ctrl and stand against each other', async () => {
    show(aComparison());
    const [first, , third] = await cells();
    const user = userEvent.setup();
    await user.keyboard('{Control>}');
    await user.click(first!);
    expect(screen.getByText(/A is chosen/)).toBeTruthy();
    await user.click(third!);
    await user.keyboard('{/Control}');
    const pair = within(await screen.findByRole('region', { name: 'Two pictures' }));
    expect(pair.getByRole('img', { name: 'A: Base, seed 0, run 1' })).toBeTruthy();
    expect(pair.getByRole('img', { name: 'B: Epoch 2, seed 0, run 1' })).toBeTruthy();
    await user.click(pair.getByRole('button', { name: 'Swap A and B' }));
    expect(pair.getByRole('img', { name: 'A: Epoch 2, seed 0, run 1' })).toBeTruthy();
  });
});

describe('prompts and seeds', () => {
  test('are added to what there is, and the new pictures are made behind', async () => {
    const { studio } = show(aComparison({ seeds: [0, 1] }), { 'runs.setSamples': () => null });
    await cells();
    await userEvent.click(screen.getByRole('button', { name: 'Prompts and seeds' }));
    await userEvent.type(await screen.findByLabelText('New prompts'), 'a fox{Enter}a cat{Enter}a boat');
    expect(screen.getByText('16 pictures, one for each checkpoint')).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Add 2 prompts' }));
    expect(studio.inputsOf('runs.setSamples')).toEqual([
      {
        runIds: [1],
        prompts: ['a cat', 'a dog', 'a fox', 'a boat'].map((prompt) => ({ prompt, negativePrompt: '' })),
        seeds: [0, 1],
      },
    ]);
  });

  test('come back after they were removed', async () => {
    const { studio } = show(aComparison(), { 'runs.setSamples': () => null });
    await cells();
    await userEvent.click(screen.getByRole('button', { name: 'Prompts and seeds' }));
    await userEvent.click(await screen.findByRole('button', { name: 'Remove the prompt a cat' }));
    await userEvent.click(await screen.findByRole('button', { name: 'Undo' }));
    const prompts = studio
      .inputsOf('runs.setSamples')
      .map((input) => (input as { prompts: { prompt: string }[] }).prompts.map(({ prompt }) => prompt));
    expect(prompts).toEqual([['a dog'], ['a cat', 'a dog']]);
  });
});
