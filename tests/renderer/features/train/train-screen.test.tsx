import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';

import type { AllHandlers } from '../../../../electron/contract/api.ts';
import type { RunRequest } from '../../../../electron/contract/runs.ts';
import { settingsSchema } from '../../../../electron/contract/system.ts';
import { DraftContext } from '../../../../renderer/features/train/draft-context.ts';
import { createDraftStore } from '../../../../renderer/features/train/request-draft.ts';
import { startingAddress } from '../../../../renderer/features/train/start-screen.tsx';
import { TrainScreen } from '../../../../renderer/features/train/train-screen.tsx';
import {
  exampleCaptionSet,
  exampleDataset,
  exampleModel,
  examplePlan,
  exampleRequest,
  exampleRun,
} from '../../example-run.ts';
import { fakeStudio, renderWithStudio } from '../../fake-studio.tsx';
import { readsFourWords } from '../../read-texts.ts';

const answers: Partial<AllHandlers> = {
  'runs.defaults': () => exampleRequest,
  'runs.list': () => [],
  'runs.plan': ({ request }) => ({ ...examplePlan, epochs: request.train.epochs }),
  'runs.start': ({ request }) => ({ runIds: request.captionSetIds.map((id) => id + 10) }),
  'datasets.list': () => [exampleDataset],
  'datasets.images': () => ({
    total: 1,
    rows: [
      {
        id: 1,
        file: 'crab.webp',
        width: 64,
        height: 64,
        bytes: 100,
        heldOut: false,
        excluded: false,
        repeats: 1,
        caption: 'a crab',
      },
    ],
  }),
  'captions.sets': () => [exampleCaptionSet, { ...exampleCaptionSet, id: 2, name: 'By name' }],
  'models.list': () => [exampleModel],
  'system.settings': () => settingsSchema.parse({}),
};

function show(handlers: Partial<AllHandlers> = {}) {
  const studio = fakeStudio({ ...answers, ...handlers });
  const rendered = renderWithStudio(
    <DraftContext value={createDraftStore()}>
      <TrainScreen />
    </DraftContext>,
    studio,
    '/train',
  );
  return { studio, user: userEvent.setup(), ...rendered };
}

describe('the train screen', () => {
  test('starts a run by one click, with nothing to configure, and goes to it', async () => {
    const { studio, user, location } = show();
    expect(await screen.findByAltText('a crab')).toBeTruthy();
    await user.click(await screen.findByRole('button', { name: 'Train' }));
    expect(studio.inputsOf('runs.start')).toEqual([{ request: exampleRequest }]);
    await waitFor(() => {
      expect(location()).toBe('/runs/11');
    });
  });

  test.each([
    { images: 60, excluded: 0, heldOut: 0, offered: 3 },
    { images: 5000, excluded: 0, heldOut: 0, offered: 50 },
    { images: 21, excluded: 2, heldOut: 0, offered: null },
    { images: 60, excluded: 0, heldOut: 6, offered: null },
  ])('offers to hold out $offered of $images images', async ({ offered, ...counts }) => {
    const { studio, user } = show({
      'datasets.list': () => [{ ...exampleDataset, ...counts }],
      'datasets.setValidation': () => ({ heldOut: [] }),
    });
    expect(await screen.findByAltText('a crab')).toBeTruthy();
    const button = screen.queryByRole('button', { name: /^Hold out/ });
    expect(button?.textContent).toBe(offered === null ? undefined : `Hold out ${offered}`);
    if (button === null) return;
    await user.click(button);
    expect(studio.inputsOf('datasets.setValidation')).toEqual([
      { datasetId: exampleDataset.id, choice: { kind: 'count', count: offered } },
    ]);
  });

  test('puts back the very images that were held out by a click, and none that others held out', async () => {
    let held: readonly number[] = [];
    const { studio, user } = show({
      'datasets.list': () => [{ ...exampleDataset, images: 60, excluded: 0, heldOut: held.length }],
      'datasets.imageIds': () => [...held],
      'datasets.setValidation': () => {
        held = [4, 5, 6];
        return { heldOut: [4, 5, 6] };
      },
      'datasets.holdOut': ({ imageIds }) => {
        held = held.filter((id) => !imageIds.includes(id));
        return null;
      },
    });
    const become = (ids: readonly number[]) => {
      held = ids;
      studio.publish('changed', { subjects: ['datasets', 'images'] });
    };
    const back = () => screen.queryByRole('button', { name: 'Put them back' });
    await user.click(await screen.findByRole('button', { name: 'Hold out 3' }));
    become([4, 5, 6]);
    await screen.findByText('You held out 3 images here.');
    // In another tab as many others were held out, and none of these.
    become([7, 8, 9]);
    await waitFor(() => {
      expect(back()).toBeNull();
    });
    become([5, 6, 7]);
    await screen.findByText('You held out 2 images here.');
    await user.click(back()!);
    expect(studio.inputsOf('datasets.holdOut')).toEqual([{ imageIds: [5, 6], heldOut: false }]);
    become(held);
    await waitFor(() => {
      expect(back()).toBeNull();
    });
    // What was put back here and held out elsewhere since is not for this tab to put back.
    become([5, 6, 7]);
    await screen.findAllByText(/3 of them held out/);
    expect(back()).toBeNull();
    become([]);
    expect(await screen.findByRole('button', { name: 'Hold out 3' })).toBeTruthy();
  });

  test('teaches a new word, which is asked for and has to be one', async () => {
    const taught = {
      ...exampleRequest,
      method: { kind: 'embedding', word: 'mycrabs', vectors: 4, initWords: '', captions: 'object' },
    } as const;
    const { studio, user } = show({
      'runs.defaults': ({ method }) => (method === 'embedding' ? taught : exampleRequest),
    });
    await user.click(await screen.findByText('New word'));
    const word = await screen.findByRole('textbox', { name: 'Word' });
    expect(screen.queryByRole('switch', { name: 'Train the text encoder too' })).toBeNull();
    await user.clear(word);
    await user.type(word, 'my,crab');
    expect(await screen.findByText(/^One word, such as mywolf/)).toBeTruthy();
    await user.clear(word);
    await user.type(word, 'my\u200bcrab');
    expect(await screen.findByText(/^It has U\+200B in it, a zero width space/)).toBeTruthy();
    expect(screen.getByText('1 field of the form needs correcting.')).toBeTruthy();
    await user.clear(word);
    await user.type(word, '<crab>');
    await user.type(screen.getByRole('textbox', { name: 'Roughly what it is' }), 'red crab');
    await user.click(await screen.findByRole('button', { name: 'Train' }));
    expect(studio.inputsOf('runs.start')).toMatchObject([
      { request: { method: { ...taught.method, word: '<crab>', initWords: 'red crab' }, prior: null } },
    ]);
  });

  test('lends the pictures the words of files, and takes them away again', async () => {
    const file = '/home/me/glyph.safetensors';
    const { studio, user } = show({
      'system.browse': () => ({
        ...{ folder: '/home/me', parent: '/home', shortcuts: [], images: 0 },
        entries: [{ name: 'glyph.safetensors', path: file, kind: 'model-file' as const }],
      }),
    });
    await user.click(await screen.findByRole('button', { name: /^Pictures/ }));
    await user.click(await screen.findByRole('button', { name: 'Add a word from a file' }));
    await user.click(await screen.findByText('glyph.safetensors'));
    await user.click(screen.getByRole('button', { name: 'Use this file' }));
    await screen.findByRole('button', { name: /1 new word$/ });
    await waitFor(() => {
      expect(studio.inputsOf('runs.plan').at(-1)).toMatchObject({
        request: { recipe: { embeddings: [{ file }] } },
      });
    });
    await user.click(screen.getByRole('button', { name: 'Leave glyph out' }));
    await user.click(await screen.findByRole('button', { name: 'Train' }));
    expect(studio.inputsOf('runs.start')).toEqual([{ request: exampleRequest }]);
  });

  test('says that captions are still being written, of the set that is chosen alone', async () => {
    const work = {
      ...{ captionSetId: 2, datasetId: 1, name: 'By name', captioner: 'BLIP', status: 'running' as const },
      ...{ done: 3, total: 30, failed: 0, perSecond: null, secondsLeft: null, failure: null },
    };
    const { studio, user } = show({ 'captioners.work': () => [work] });
    const told = (done: number) =>
      `Captions are still being written (${done} of 30). Train when they are done, or now without those.`;
    await user.click(await screen.findByRole('radio', { name: 'By name' }));
    expect(await screen.findAllByText(told(3))).toHaveLength(2);
    const plan = within(screen.getByRole('complementary', { name: 'Plan' }));
    expect(plan.getByText(told(3))).toBeTruthy();
    studio.publish('captioners.progress', { ...work, done: 4 });
    expect(await screen.findAllByText(told(4))).toHaveLength(2);
    await user.click(screen.getByRole('radio', { name: exampleCaptionSet.name }));
    await waitFor(() => {
      expect(screen.queryByText(told(4))).toBeNull();
    });
  });

  test('says that a new word has sentences of its own, where it has', async () => {
    const plain: RunRequest = { ...exampleRequest, prompts: [] };
    const word = { word: 'mycrabs', vectors: 4, initWords: '', captions: 'object' } as const;
    const taught: RunRequest = { ...plain, method: { kind: 'embedding', ...word } };
    const { user } = show({
      'runs.defaults': (choice) => (choice.method === 'embedding' ? taught : plain),
    });
    const note = /^A new word is taught with sentences of its own, not with these\./;
    expect(await screen.findByRole('button', { name: /^Pictures: captions of the images/ })).toBeTruthy();
    expect(screen.queryByText(note)).toBeNull();
    await user.click(screen.getByText('New word'));
    expect(await screen.findByText(note)).toBeTruthy();
    expect(screen.getByRole('button', { name: /^Pictures: sentences with the word/ })).toBeTruthy();
    await user.click(screen.getByRole('button', { name: /^Advanced/ }));
    await user.click(await screen.findByRole('combobox', { name: 'Instead of captions without the word' }));
    await user.click(await screen.findByRole('option', { name: 'The same captions, the word before them' }));
    expect(screen.queryByText(note)).toBeNull();
    expect(screen.getByRole('button', { name: /^Pictures: captions of the images/ })).toBeTruthy();
  });

  test('does not call images captioned whose captions have no words', async () => {
    show({
      'captions.sets': () => [
        { ...exampleCaptionSet, name: 'No words', source: { kind: 'empty' } },
        { ...exampleCaptionSet, id: 2, name: 'Style alone', source: { kind: 'empty' } },
        { ...exampleCaptionSet, id: 3, name: 'By files', uncaptioned: 2 },
      ],
    });
    expect(await screen.findByText('all 88 without words')).toBeTruthy();
    expect(screen.getByText('No words · all 88 without words')).toBeTruthy();
    expect(screen.getByText('From files · 88 captioned, 2 without')).toBeTruthy();
  });

  test('offers images without captions to be captioned, or trained on without words', async () => {
    const sets = [exampleCaptionSet].slice(1);
    const { studio, user } = show({
      'runs.defaults': () => ({ ...exampleRequest, captionSetIds: sets.map(({ id }) => id) }),
      'captions.sets': () => [...sets],
      'captions.createSet': ({ name, source }) => {
        sets.push({ ...exampleCaptionSet, id: 7, name, source });
        return { captionSetId: 7 };
      },
    });
    const link = await screen.findByRole('link', { name: 'Caption them' });
    expect(link.getAttribute('href')).toContain(`/datasets/${exampleRequest.datasetId}/captions`);
    expect(screen.getByText('Choose captions first, or train without words.')).toBeTruthy();
    expect(
      screen.getByText('Steps, time, disk and memory appear here once the form is complete.'),
    ).toBeTruthy();
    const train = screen.getByRole('button', { name: 'Train' });
    expect(train).toHaveProperty('disabled', true);
    expect(screen.getByLabelText('Epochs')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Train without words' }));
    expect(studio.inputsOf('captions.createSet')).toEqual([
      { datasetId: exampleRequest.datasetId, name: 'No words', source: { kind: 'empty' } },
    ]);
    await waitFor(() => {
      expect(train).toHaveProperty('disabled', false);
    });
    await user.click(train);
    expect(studio.inputsOf('runs.start')).toEqual([{ request: { ...exampleRequest, captionSetIds: [7] } }]);
  });

  test('keeps what the model knows of a subject’s kind, once it is said what that is', async () => {
    const { studio, user } = show();
    await user.click(await screen.findByRole('button', { name: /^Class images: none/ }));
    await user.click(await screen.findByRole('switch', { name: /^Keep what the model knows/ }));
    expect(screen.getByText('Enter its kind')).toBeTruthy();
    expect(screen.getByRole('button', { name: /^Class images: their kind is not named yet/ })).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Train' })).toHaveProperty('disabled', true);
    await user.type(screen.getByLabelText('Its kind'), 'a dog');
    const count = screen.getByLabelText('Pictures of it');
    await user.clear(count);
    await user.type(count, '20');
    await waitFor(() => {
      expect(screen.getByRole('button', { name: 'Train' })).toHaveProperty('disabled', false);
    });
    await user.click(screen.getByRole('button', { name: 'Train' }));
    expect(studio.inputsOf('runs.start')).toEqual([
      { request: { ...exampleRequest, prior: { prompt: 'a dog', count: 20, weight: 1 } } },
    ]);
  });

  test('plans anew what was changed', async () => {
    const { user } = show();
    const epochs = await screen.findByLabelText('Epochs');
    await screen.findByText('10 epochs, the base and 4 checkpoints');
    await user.clear(epochs);
    await user.type(epochs, '30');
    expect(await screen.findByText('30 epochs, the base and 4 checkpoints')).toBeTruthy();
    // As many dots as that says.
    const ruler = screen.getByRole('img', {
      name: /^30 epochs, the base and checkpoints after 1, 2, 5, 10$/,
    });
    expect(ruler.querySelectorAll('[class*="mark"]')).toHaveLength(5);
  });

  test('says at the field what is wrong, and does not start', async () => {
    const { studio, user } = show();
    const rate = await screen.findByLabelText('Learning rate');
    await user.clear(rate);
    await user.type(rate, 'fast');
    expect(await screen.findByText('Enter a number')).toBeTruthy();
    // The plan of what was there before stays to be read.
    expect(screen.getByText('before the last change')).toBeTruthy();
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Train' }).disabled).toBe(true);
    await user.clear(rate);
    await user.type(rate, '2e-5');
    await waitFor(() => {
      expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Train' }).disabled).toBe(false);
    });
    await user.click(screen.getByRole('button', { name: 'Train' }));
    expect(studio.inputsOf('runs.start')).toMatchObject([{ request: { train: { learningRate: 2e-5 } } }]);
  });

  test('says beside a field that a value is most likely not meant, and trains with it nevertheless', async () => {
    const { user } = show();
    const rate = await screen.findByLabelText('Learning rate');
    await user.clear(rate);
    await user.type(rate, '5');
    expect(await screen.findByText(/500,000 times what suits/)).toBeTruthy();
    expect(document.getElementById(rate.getAttribute('aria-describedby') ?? '')?.textContent).toMatch(
      /500,000 times/,
    );
    await waitFor(() => {
      expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Train' }).disabled).toBe(false);
    });
    await user.clear(rate);
    await user.type(rate, '1000');
    expect(await screen.findByText('At most 100')).toBeTruthy();
  });

  test('says on a folded part what in it is most likely not meant, and leaves it folded', async () => {
    const { user } = show();
    const part = await screen.findByRole('button', { name: /Advanced/ });
    await user.click(part);
    const batch = screen.getByLabelText('Batch size');
    await user.clear(batch);
    await user.type(batch, '500');
    expect(await screen.findByText(/only 76 images/)).toBeTruthy();
    await user.click(part);
    expect(part.getAttribute('aria-expanded')).toBe('false');
    expect(screen.getByRole('button', { name: /^Advanced: There are only 76 images/ })).toBe(part);
    expect(screen.queryByLabelText('Batch size')).toBeNull();
  });

  test('alters images, and shows what becomes of one’s own', async () => {
    const { studio, user } = show({
      'datasets.versions': () => ({
        total: 9,
        images: [
          { imageId: 1, file: 'fox.png', versions: ['data:image/webp;base64,', 'data:image/webp;base64,'] },
        ],
      }),
    });
    await user.click(await screen.findByRole('button', { name: /Advanced/ }));
    const group = within(screen.getByRole('group', { name: 'Altered images' }));
    expect(group.queryByLabelText('Versions of each image')).toBeNull();
    const crop = group.getByLabelText('Crop jitter');
    await user.clear(crop);
    await user.type(crop, '0.1');
    expect(screen.getByRole('button', { name: /Advanced.*altered images/ })).toBeTruthy();
    await user.click(group.getByRole('button', { name: 'Show on my images' }));
    expect(await screen.findByAltText('fox.png, version 2')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Other images' }));
    await waitFor(() => {
      expect(studio.inputsOf('datasets.versions')).toMatchObject([
        { first: 0, augmentation: { variants: 4, crop: 0.1 } },
        { first: 3, augmentation: { variants: 4, crop: 0.1 } },
      ]);
    });
  });

  test('does not start what the disk has no room for', async () => {
    show({ 'runs.plan': () => ({ ...examplePlan, freeDiskBytes: 1 }) });
    expect(await screen.findByText('Keep fewer checkpoints, or make room on the disk.')).toBeTruthy();
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Train' }).disabled).toBe(true);
  });

  test('ends early where held-out loss stops falling, if that is chosen', async () => {
    const { studio, user } = show();
    await user.click(await screen.findByRole('button', { name: /Advanced/ }));
    const patience = await screen.findByRole('textbox', { name: 'Stop early after' });
    expect(patience).toHaveProperty('value', '0');
    await user.clear(patience);
    await user.type(patience, '3');
    await waitFor(() => {
      expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Train' }).disabled).toBe(false);
    });
    await user.click(screen.getByRole('button', { name: 'Train' }));
    expect(studio.inputsOf('runs.start')).toMatchObject([{ request: { train: { patience: 3 } } }]);
  });

  test('trains with another optimizer, at a learning rate that suits it', async () => {
    const { studio, user } = show();
    await user.click(await screen.findByRole('button', { name: /Advanced/ }));
    const options = within(screen.getByRole('group', { name: 'Optimizer' }));
    await user.click(options.getByRole('combobox', { name: 'Optimizer' }));
    await user.click(await screen.findByRole('option', { name: 'Lion' }));
    expect(await options.findByText(/a tenth to a third of its learning rate/)).toBeTruthy();
    expect(options.queryByLabelText('ε')).toBeNull();
    expect(screen.getByRole('button', { name: /Advanced.*Lion/ })).toBeTruthy();
    await waitFor(() => {
      expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Train' }).disabled).toBe(false);
    });
    await user.click(screen.getByRole('button', { name: 'Train' }));
    expect(studio.inputsOf('runs.start')).toMatchObject([
      { request: { train: { optimizer: { kind: 'lion', beta2: 0.99 }, learningRate: 2e-6 } } },
    ]);
  });

  test('asks for other settings where something else is to be learned', async () => {
    const { studio, user } = show();
    await user.click(await screen.findByRole('radio', { name: 'A character' }));
    await screen.findByText(/Somebody in many situations/);
    await waitFor(() => {
      expect(studio.inputsOf('runs.defaults')).toContainEqual(expect.objectContaining({ aim: 'character' }));
    });
  });

  test('points out the words that the base hardly knows', async () => {
    show({ 'runs.plan': () => ({ ...examplePlan, unknownWords: ['pikachu', 'charizard'] }) });
    expect(await screen.findByText(/hardly knows “pikachu” and “charizard”/)).toBeTruthy();
  });

  test('compares captions by a run for each set', async () => {
    const { studio, user } = show();
    await user.click(await screen.findByRole('switch', { name: 'Compare captions' }));
    await user.click(await screen.findByRole('checkbox', { name: /By name/ }));
    await user.click(await screen.findByRole('button', { name: 'Train 2 runs' }));
    expect(studio.inputsOf('runs.start')).toMatchObject([{ request: { captionSetIds: [1, 2] } }]);
  });

  test('compares data sizes by a run for each share of the images', async () => {
    const { studio, user } = show();
    await user.click(await screen.findByRole('checkbox', { name: /^Half/ }));
    await user.click(await screen.findByRole('checkbox', { name: 'All' }));
    expect(screen.getByRole('button', { name: 'Train' })).toBeTruthy();
    await user.type(screen.getByRole('textbox', { name: 'Or this many images' }), '12');
    await user.click(await screen.findByRole('button', { name: 'Train 2 runs' }));
    expect(studio.inputsOf('runs.start')).toMatchObject([{ request: { shares: [0.5, 12] } }]);
  });

  test('tries several values of settings: a run for each combination, listed in words that say what is amiss', async () => {
    const { studio, user } = show();
    await user.click(await screen.findByRole('button', { name: 'Try out: one value for each setting' }));
    await user.click(screen.getByRole('combobox', { name: 'Setting to try several values of' }));
    expect(screen.queryByRole('option', { name: 'Rank' })).toBeNull();
    await user.click(await screen.findByRole('option', { name: 'Learning rate' }));
    const part = within(screen.getByRole('region', { name: 'Try out' }));
    const rates = part.getByRole<HTMLInputElement>('textbox', { name: 'Learning rate' });
    expect(rates.value).toBe('1e-5');
    await user.clear(rates);
    expect(part.getByText('Enter one value or more, with commas between them')).toBeTruthy();
    await user.paste('1e-5, fast');
    expect(part.getByText('Enter numbers, with commas between them')).toBeTruthy();
    expect(screen.getByRole('button', { name: /^Train/ })).toHaveProperty('disabled', true);
    await user.clear(rates);
    await user.paste('1e-5, 2e-5 2e-5');
    expect(rates.getAttribute('aria-invalid')).not.toBe('true');
    await user.click(part.getByRole('combobox'));
    await user.click(await screen.findByRole('option', { name: 'Epochs' }));
    const epochs = part.getByRole('textbox', { name: 'Epochs' });
    await user.clear(epochs);
    await user.paste(Array.from({ length: 20 }, (_, index) => index + 1).join());
    await user.click(part.getByRole('combobox'));
    await user.click(await screen.findByRole('option', { name: 'Training seed' }));
    const seeds = part.getByRole('textbox', { name: 'Training seed' });
    await user.clear(seeds);
    await user.paste('1,2');
    expect(part.getByRole('alert').textContent).toMatch(/^These are 80 runs\. At most 50/);
    await user.click(part.getByRole('button', { name: 'Do not try out Training seed' }));
    await user.clear(epochs);
    await user.paste('5;10');
    expect(part.queryByRole('alert')).toBeNull();
    expect(screen.getByText('Tried out below: 1e-5, 2e-5')).toBeTruthy();
    expect(screen.getByText('Tried out below: 5, 10')).toBeTruthy();
    await waitFor(() => {
      expect(screen.getByRole('button', { name: 'Train 4 runs' })).toHaveProperty('disabled', false);
    });
    await user.click(screen.getByRole('button', { name: 'Train 4 runs' }));
    expect(studio.inputsOf('runs.start')).toMatchObject([
      {
        request: {
          sweep: [
            { path: 'train.learningRate', values: [1e-5, 2e-5, 2e-5] },
            { path: 'train.epochs', values: [5, 10] },
          ],
        },
      },
    ]);
    // The next run is one again.
    expect(await screen.findByRole('button', { name: 'Try out: one value for each setting' })).toBeTruthy();
    expect(screen.queryByText(/^Tried out below/)).toBeNull();
  });

  test('tries several choices of what is chosen, such as optimizers', async () => {
    const { studio, user } = show();
    await user.click(await screen.findByRole('button', { name: 'Try out: one value for each setting' }));
    const part = within(screen.getByRole('region', { name: 'Try out' }));
    await user.click(part.getByRole('combobox', { name: 'Setting to try several values of' }));
    await user.click(await screen.findByRole('option', { name: 'Optimizer' }));
    await user.click(part.getByRole('combobox', { name: 'Optimizer' }));
    await user.click(await screen.findByRole('option', { name: 'Lion' }));
    await user.click(await screen.findByRole('button', { name: 'Train 2 runs' }));
    expect(studio.inputsOf('runs.start')).toMatchObject([
      { request: { sweep: [{ path: 'train.optimizer.kind', values: ['adamw', 'lion'] }] } },
    ]);
  });

  test('measures errors, makes noise and reads masks as asked, and shows only what is then in use', async () => {
    const { studio, user } = show();
    await user.click(await screen.findByRole('button', { name: /^Advanced/ }));
    const choose = async (group: string, field: string, option: string) => {
      const fields = within(screen.getByRole('group', { name: group }));
      await user.click(fields.getByRole('combobox', { name: field }));
      await user.click(await screen.findByRole('option', { name: option }));
    };
    const write = async (field: string, text: string) => {
      const box = screen.getByRole('textbox', { name: field });
      await user.clear(box);
      await user.paste(text);
    };
    for (const field of ['Threshold', 'Pyramid discount', 'Weight of the rest'])
      expect(screen.queryByRole('textbox', { name: field })).toBeNull();
    await choose('Loss', 'Error', 'Huber');
    expect(screen.queryByRole('textbox', { name: 'Threshold scale' })).toBeNull();
    await choose('Loss', 'Threshold schedule', 'Constant');
    await write('Threshold scale', '2');
    await write('Noise pyramid', '99');
    expect(screen.getByText('At most 16')).toBeTruthy();
    await write('Noise pyramid', '6');
    await write('Pyramid discount', '0.3');
    await choose('Images and captions', 'Masks', 'Transparency');
    expect(screen.getByText('What is not transparent is learned.')).toBeTruthy();
    await write('Weight of the rest', '0');
    await user.click(screen.getByRole('switch', { name: /^Normalise masks/ }));
    await waitFor(() => {
      expect(screen.getByRole('button', { name: 'Train' })).toHaveProperty('disabled', false);
    });
    await user.click(screen.getByRole('button', { name: 'Train' }));
    expect(studio.inputsOf('runs.start')).toMatchObject([
      {
        request: {
          train: {
            loss: { kind: 'huber', schedule: 'constant', scale: 2 },
            noise: { pyramidIterations: 6, pyramidDiscount: 0.3 },
            masks: { source: 'alpha', unmaskedWeight: 0, normalize: true },
          },
        },
      },
    ]);
  });

  test('says at a prompt that it is longer than the base reads', async () => {
    const { user } = show({
      ...readsFourWords,
      'runs.defaults': () => ({
        ...exampleRequest,
        prompts: [{ prompt: 'a fox in the snow', negativePrompt: 'blurry' }],
      }),
    });
    await user.click(await screen.findByRole('button', { name: /Pictures/ }));
    expect(await screen.findByText('5 tokens; Seedling reads 4.')).toBeDefined();
    await user.type(screen.getByLabelText('Negative prompt 1'), ' and far too long');
    await waitFor(() => {
      expect(screen.getAllByText('5 tokens; Seedling reads 4.')).toHaveLength(2);
    });
  });

  test('shows why there is no plan, and holds the button back', async () => {
    show({
      'runs.plan': () => {
        throw Object.assign(new Error('No captions.'), { code: 'captions-missing', hint: 'Make some.' });
      },
    });
    expect(await screen.findByText('Make some.')).toBeTruthy();
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Train' }).disabled).toBe(true);
  });

  test('sends to the data sets where there are none', async () => {
    show({ 'datasets.list': () => [] });
    const link = await screen.findByRole('link', { name: 'Add images' });
    expect(link.getAttribute('href')).toBe('/datasets');
  });
});

describe('the studio opens', () => {
  test('at the form where there are no runs', () => {
    expect(startingAddress([])).toBe('/train');
  });

  test('at the run under way, else at one that was cut off, else at the newest', () => {
    const past = { ...exampleRun, id: 8, status: 'finished' as const, createdAt: 2000 };
    expect(startingAddress([past, exampleRun])).toBe('/runs/7');
    expect(startingAddress([{ ...exampleRun, status: 'failed' }, past])).toBe('/runs/8');
    expect(startingAddress([{ ...exampleRun, status: 'interrupted' }, past])).toBe('/runs/7');
  });
});
