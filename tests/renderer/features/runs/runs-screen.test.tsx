import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';
import { Route } from 'wouter';

import type { AllHandlers } from '../../../../electron/contract/api.ts';
import type { RunDetail, RunSummary } from '../../../../electron/contract/runs.ts';
import { settingsSchema } from '../../../../electron/contract/system.ts';
import { Activity } from '../../../../renderer/features/runs/activity.tsx';
import { RunEnds } from '../../../../renderer/features/runs/run-ends.tsx';
import { RunsScreen } from '../../../../renderer/features/runs/runs-screen.tsx';
import { examplePlan, exampleRequest, exampleRun } from '../../example-run.ts';
import { fakeStudio, renderWithStudio } from '../../fake-studio.tsx';

const detailOf = (run: RunSummary): RunDetail => ({
  ...run,
  request: exampleRequest,
  plan: examplePlan,
  folder: '/runs/7',
  prompts: examplePlan.prompts,
  seeds: [0],
  bytes: 1000,
  stateBytes: 600,
  ledger: [{ epoch: 1, seconds: 30, images: 76, cost: null }],
});

function show(run: RunSummary, handlers: Partial<AllHandlers> = {}, others: readonly RunSummary[] = []) {
  const studio = fakeStudio({
    'runs.list': () => [run, ...others],
    'runs.get': () => detailOf(run),
    'runs.metrics': () => ({
      steps: { step: [], epoch: [], loss: [], learningRate: [], gradientNorm: [] },
      epochs: [{ epoch: 1, trainLoss: 0.2, validationLoss: 0.3 }],
    }),
    'runs.progressNow': () => null,
    'runs.pause': () => null,
    'runs.stop': () => null,
    'runs.resume': () => null,
    'runs.move': () => null,
    'gallery.comparison': () => ({
      runs: [],
      prompts: [{ prompt: 'a crab', negativePrompt: '', heldOutImageId: null }],
      seeds: [0],
      samples: [],
    }),
    'system.settings': () => settingsSchema.parse({}),
    ...handlers,
  });
  const rendered = renderWithStudio(
    <>
      <Activity />
      <Route path="/runs/:id?" component={RunsScreen} />
    </>,
    studio,
    `/runs/${run.id}`,
  );
  return { studio, user: userEvent.setup(), ...rendered };
}

const progress = {
  runId: 7,
  status: 'training',
  phase: null,
  done: 0,
  total: 0,
  epoch: 4,
  epochs: 10,
  step: 95,
  steps: 190,
  loss: 0.1,
  learningRate: 1e-5,
  imagesPerSecond: 4,
  secondsLeft: 120,
  seconds: 70,
  cost: null,
  device: { provider: 'cuda', notes: [] as string[] },
} as const;

describe('a run under way', () => {
  test('shows what its engine says, on the screen and in the rail', async () => {
    const { studio } = show(exampleRun);
    await screen.findByText('Epoch 2 of 10');
    studio.publish('runs.progress', { ...progress, step: 96 });
    expect(await screen.findByText('Epoch 6 of 10')).toBeTruthy();
    expect(screen.getByText('4.0 images/s')).toBeTruthy();
    expect(screen.getByRole('link', { name: 'emoji, full: epoch 6 of 10, 50 percent' })).toBeTruthy();
  });

  test('on a GPU shows how busy, full and hot that is, and where its memory is the fault of its slowness', async () => {
    const gpu = { name: 'RTX 4090', busId: '01', memoryMib: 24_576, freeMib: 10_240 };
    const load = { ...gpu, utilization: 97, temperature: 71 };
    const { studio } = show(exampleRun, {
      'runs.get': () => ({
        ...detailOf(exampleRun),
        plan: { ...examplePlan, images: 76, secondsPerEpoch: 76 / 40 },
      }),
      'gpu.status': () => ({
        ...{ gpus: [{ ...gpu, driver: '580.1' }], offer: null, accepted: true, refusal: null },
        pack: { folder: '/p', onnxRuntime: '1.30.0', cuda: 13, bytes: 1, fault: null, parts: [] },
        licence: { name: 'NVIDIA’s', address: 'https://nvidia.example', points: [] },
      }),
      'gpu.load': () => [load],
    });
    await screen.findByLabelText('Status');
    studio.publish('runs.progress', progress);
    expect(await screen.findByText('97 %')).toBeTruthy();
    expect(screen.getByText('14 GB of 24 GB')).toBeTruthy();
    expect(screen.getByText('71 °C')).toBeTruthy();
    studio.publish('runs.progress', progress);
    expect(screen.queryByText(/slower than planned/)).toBeNull();
    load.freeMib = 100;
    studio.publish('runs.progress', { ...progress, step: 97 });
    expect(await screen.findByText(/10 times slower than planned/, {}, { timeout: 8000 })).toBeTruthy();
  });

  test('says why it computes on something else than the GPU, where the pack for that is here', async () => {
    const why = 'CUDA is not used: Stand-in GPU was found, but the GPU pack is broken.';
    const device = { provider: 'cpu' as const, notes: [why, 'WebGPU is not used: it hangs.'] };
    const pack = { folder: '/p', onnxRuntime: '1.30.0', cuda: 13, bytes: 1, fault: 'cut short', parts: [] };
    const { studio } = show(exampleRun, {
      'runs.get': () => ({ ...detailOf(exampleRun), request: { ...exampleRequest, provider: null } }),
      'gpu.status': () => ({
        gpus: [{ name: 'Stand-in GPU', driver: '580.1', busId: '01', memoryMib: 24_576, freeMib: 10_240 }],
        ...{ pack, offer: null, accepted: true, refusal: null },
        licence: { name: 'NVIDIA’s', address: 'https://nvidia.example', points: [] },
      }),
      'gpu.load': () => [],
    });
    await screen.findByLabelText('Status');
    studio.publish('runs.progress', { ...progress, device });
    expect(await screen.findByText(`${why} It computes on CPU.`)).toBeTruthy();
    // Nothing of it is this run's.
    expect(studio.inputsOf('gpu.load')).toEqual([]);
  });

  test('shows each picture when it comes', async () => {
    const { studio } = show(exampleRun);
    expect((await screen.findAllByLabelText('a crab, seed 0, epoch 1: not there yet')).length).toBe(1);
    studio.publish('gallery.sample', {
      id: 5,
      runId: 7,
      modelId: null,
      epoch: 1,
      prompt: 'a crab',
      negativePrompt: '',
      seed: 0,
      recipe: exampleRequest.recipe,
      status: 'ready',
      failure: null,
      favourite: false,
      createdAt: 0,
    });
    const picture = await screen.findByAltText('a crab, seed 0, epoch 1');
    expect(picture.getAttribute('src')).toBe('/media/samples/5');
  });

  test('is paused at once, and stopped only after asking', async () => {
    const { studio, user } = show(exampleRun);
    await user.click(await screen.findByRole('button', { name: 'Pause' }));
    expect(studio.inputsOf('runs.pause')).toEqual([{ runId: 7 }]);
    await user.click(screen.getByRole('button', { name: 'Stop' }));
    expect(studio.inputsOf('runs.stop')).toEqual([]);
    await user.click(await screen.findByRole('button', { name: 'Stop run' }));
    expect(studio.inputsOf('runs.stop')).toEqual([{ runId: 7 }]);
  });
});

describe('a run that has ended', () => {
  const ended = { ...exampleRun, status: 'finished', epoch: 10, step: 190 } as const;

  test('is trained on for as many epochs, at the rate, as are chosen', async () => {
    const { studio, user } = show(ended, { 'runs.extend': () => null });
    await user.click(await screen.findByRole('button', { name: 'Train on…' }));
    const dialog = await screen.findByRole('dialog');
    const epochs = within(dialog).getByRole('textbox', { name: 'More epochs' });
    await user.clear(epochs);
    await user.type(epochs, '20');
    expect(within(dialog).getByText(/30 epochs in all/)).toBeTruthy();
    await user.click(within(dialog).getByRole('button', { name: 'Train on' }));
    await waitFor(() => {
      expect(studio.inputsOf('runs.extend')).toEqual([
        { runId: 7, epochs: 20, schedule: exampleRequest.train.schedule, learningRate: 1e-5 },
      ]);
    });
  });

  test('says what it keeps to be trained on, which can be freed', async () => {
    const { studio, user } = show(ended, { 'runs.freeState': () => null });
    await user.click(await screen.findByRole('button', { name: `More for ${ended.name}` }));
    await user.click(await screen.findByRole('menuitem', { name: 'Free disk space…' }));
    await user.click(await screen.findByRole('button', { name: 'Free 600 B' }));
    expect(studio.inputsOf('runs.freeState')).toEqual([{ runId: 7 }]);
  });

  test('is not offered to be trained on once that is gone', async () => {
    show(ended, { 'runs.get': () => ({ ...detailOf(ended), stateBytes: 0 }) });
    await screen.findByRole('button', { name: 'Export…' });
    expect(screen.queryByRole('button', { name: 'Train on…' })).toBeNull();
  });
});

describe('a run that does not go on by itself', () => {
  test('offers to resume where it was interrupted', async () => {
    const { studio, user } = show({ ...exampleRun, status: 'interrupted' });
    expect(await screen.findByText(/The newest checkpoint is from epoch 2/)).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Resume' }));
    expect(studio.inputsOf('runs.resume')).toEqual([{ runId: 7 }]);
  });

  test('leads to its settings where going on would break it at the same step again', async () => {
    const failure = {
      code: 'loss-not-finite',
      message: 'The loss of step 3 is not a finite number.',
      hint: 'Lower the learning rate.',
    };
    const { user, location } = show({ ...exampleRun, status: 'failed', checkpoints: [], failure });
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toContain('Lower the learning rate. There is no checkpoint yet.');
    const variantOf = (name: string) =>
      within(alert).getByRole('button', { name }).getAttribute('data-variant');
    expect(variantOf('Change its settings')).toBe('filled');
    expect(variantOf('Resume')).toBe('default');
    await user.click(within(alert).getByRole('button', { name: 'Change its settings' }));
    await waitFor(() => {
      expect(location()).toBe('/train');
    });
  });

  test('says why it failed and what to do', async () => {
    const failure = {
      code: 'out-of-memory',
      message: 'The device ran out of memory.',
      hint: 'Try a smaller batch.',
    };
    const { studio, user } = show({ ...exampleRun, status: 'failed', failure });
    const alert = await screen.findByRole('alert');
    expect(within(alert).getByText('The device ran out of memory.')).toBeTruthy();
    expect(within(alert).getByText(/Try a smaller batch/)).toBeTruthy();
    // It has batches of several.
    await user.click(within(alert).getByRole('button', { name: 'Resume, one image at a time' }));
    expect(studio.inputsOf('runs.resume')).toEqual([{ runId: 7, oneAtATime: true }]);
  });
});

describe('the list of runs', () => {
  test('says how each was trained, and keeps the end of a long name, where runs that were tried out differ', async () => {
    const name = 'pictures of a holiday by the sea 2, rate 1e-4';
    show({ ...exampleRun, name, method: 'lora' }, {}, [
      { ...exampleRun, id: 8, name: 'full' },
      { ...exampleRun, id: 9, name: 'word', method: 'embedding' },
    ]);
    const list = within(await screen.findByRole('navigation', { name: 'Runs' }));
    expect(list.getByText('LoRA')).toBeTruthy();
    expect(list.getByText('Full')).toBeTruthy();
    expect(list.getByText('Word')).toBeTruthy();
    const shown = list.getByTitle(name);
    expect(shown.textContent).toBe(name);
    expect(shown.lastChild?.textContent).toBe('the sea 2, rate 1e-4');
  });
});

describe('a loss', () => {
  test('that is lowest is named in the table of epochs, and where it was not kept the lowest of those kept', async () => {
    const { user } = show(
      { ...exampleRun, status: 'finished', checkpoints: [1, 3] },
      {
        'runs.metrics': () => ({
          steps: { step: [], epoch: [], loss: [], learningRate: [], gradientNorm: [] },
          epochs: [0.4, 0.2, 0.3].map((validationLoss, at) => {
            return { epoch: at + 1, trainLoss: 0.2, validationLoss };
          }),
        }),
      },
    );
    await user.click(await screen.findByRole('tab', { name: 'Epochs' }));
    expect(await screen.findByRole('row', { name: /^2 ?lowest loss/ })).toBeTruthy();
    expect(screen.getByRole('row', { name: /^3 ?checkpoint, lowest of those kept/ })).toBeTruthy();
  });

  const comparisonOf = (validationLoss: number | null) => ({
    runs: [
      {
        ...exampleRun,
        epochs: [0, 1, 2],
        recipe: exampleRequest.recipe,
        losses: [{ epoch: 1, trainLoss: 0.2, validationLoss }],
      },
    ],
    prompts: [{ prompt: 'a crab', negativePrompt: '', heldOutImageId: null }],
    seeds: [0],
    samples: [],
  });

  test('is said to be of held-out images, in the list and above the pictures', async () => {
    const run = { ...exampleRun, status: 'finished' as const, trainLoss: 0.2, validationLoss: 0.282 };
    show(run, { 'gallery.comparison': () => comparisonOf(0.282) });
    const list = within(await screen.findByRole('navigation', { name: 'Runs' }));
    expect(list.getByText(/^Held out 0.2820 · /)).toBeTruthy();
    const pictures = within(await screen.findByRole('table', { name: 'Pictures' }));
    expect(pictures.getByText('Held-out loss')).toBeTruthy();
    expect(pictures.getByText('0.2820')).toBeTruthy();
  });

  test('is said to be of training where nothing was held out', async () => {
    const run = { ...exampleRun, status: 'finished' as const, trainLoss: 0.2, validationLoss: null };
    show(run, { 'gallery.comparison': () => comparisonOf(null) });
    expect(await screen.findByText(/^Training 0.2000 · /)).toBeTruthy();
    const pictures = within(await screen.findByRole('table', { name: 'Pictures' }));
    expect(pictures.getByText('Training loss')).toBeTruthy();
  });
});

describe('the table of epochs', () => {
  test('has all rates in one unit, which heads their column', async () => {
    const ledger = [
      { epoch: 1, seconds: 76 / 1.02, images: 76, cost: null },
      { epoch: 2, seconds: 76 * 1.4, images: 76, cost: null },
      { epoch: 3, seconds: 76 * 1.3, images: 76, cost: null },
    ];
    const { user } = show(exampleRun, { 'runs.get': () => ({ ...detailOf(exampleRun), ledger }) });
    await user.click(await screen.findByRole('tab', { name: 'Epochs' }));
    expect(await screen.findByRole('columnheader', { name: 'Seconds per image' })).toBeTruthy();
    const rates = ['0.98', '1.4', '1.3'].map((rate) => screen.getByRole('cell', { name: rate }));
    expect(rates).toHaveLength(3);
    expect(screen.queryByText(/images\/s|per image$/, { selector: 'td' })).toBeNull();
  });
});

describe('the queue', () => {
  test('is put in another order by its arrows', async () => {
    const second = { ...exampleRun, id: 9, name: 'second', status: 'queued' as const, queuePosition: 1 };
    const third = { ...exampleRun, id: 10, name: 'third', status: 'queued' as const, queuePosition: 2 };
    const { studio, user } = show(exampleRun, {}, [second, third]);
    await user.click(await screen.findByRole('button', { name: 'third earlier' }));
    expect(studio.inputsOf('runs.move')).toEqual([{ runId: 10, position: 1 }]);
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'second earlier' }).disabled).toBe(true);
  });
});

describe('an epoch that was kept', () => {
  test('is exported to a folder that one chooses, and downloaded where it is one file', async () => {
    const { studio, user } = show(
      { ...exampleRun, status: 'finished' },
      {
        'exports.model': () => ({ exportId: 3 }),
        'exports.list': () => [],
        'system.browse': () => ({
          ...{ folder: '/models', parent: '/', entries: [], shortcuts: [], images: 0 },
        }),
      },
    );
    await user.click(await screen.findByRole('button', { name: 'Actions for epoch 2' }));
    await user.click(await screen.findByRole('menuitem', { name: /Export epoch 2/ }));
    await user.click(await screen.findByRole('button', { name: 'Choose a folder…' }));
    await user.click(await screen.findByRole('button', { name: 'Export here' }));
    expect(await screen.findByText('/models')).toBeTruthy();
    await user.click(await screen.findByRole('button', { name: 'Export' }));
    await waitFor(() => {
      expect(studio.inputsOf('exports.model')).toMatchObject([{ output: null, folder: '/models' }]);
    });
    const entry = { id: 3, failure: null, title: 'emoji, epoch 2', bytes: 14_000_000, runId: 7, epoch: 2 };
    studio.publish('exports.changed', {
      ...{ ...entry, kind: 'single-file', status: 'ready', createdAt: 1 },
      path: '/models/emoji.safetensors',
    });
    const link = await screen.findByRole('link', { name: 'Download emoji, epoch 2' });
    expect([link.getAttribute('href'), link.getAttribute('download')]).toEqual([
      '/media/exports/3',
      'emoji.safetensors',
    ]);
  });

  test.each([
    { losses: [0.3, 0.4], proposed: 1, told: 'Of the epochs kept, 1 has the lowest held-out loss (0.3000).' },
    { losses: [0.4, 0.3], proposed: 2, told: 'Of the epochs kept, 2 has the lowest held-out loss (0.3000).' },
    { losses: [null, null], proposed: 2, told: 'The last one is often not the best.' },
  ])(
    'of several begins with that of the lowest held-out loss and says so, else with the last: $losses',
    async ({ losses, proposed, told }) => {
      const { studio, user } = show(
        { ...exampleRun, status: 'finished', checkpoints: [1, 2] },
        {
          'runs.metrics': () => ({
            steps: { step: [], epoch: [], loss: [], learningRate: [], gradientNorm: [] },
            epochs: losses.map((validationLoss, at) => ({ epoch: at + 1, trainLoss: 0.2, validationLoss })),
          }),
          'exports.model': () => ({ exportId: 3 }),
          'exports.list': () => [],
        },
      );
      await user.click(await screen.findByRole('button', { name: 'Export…' }));
      const dialog = within(await screen.findByRole('dialog'));
      expect(await dialog.findByText(new RegExp(told.replace(/[().]/g, '\\$&')))).toBeTruthy();
      await user.click(dialog.getByRole('button', { name: 'Export' }));
      await waitFor(() => {
        expect(studio.inputsOf('exports.model')).toMatchObject([{ runId: 7, epoch: proposed }]);
      });
    },
  );

  test('is not offered as one file where tools could not open that, and why is said', async () => {
    const { studio, user } = show(
      { ...exampleRun, status: 'finished' },
      { 'exports.unfit': () => ['single-file'], 'exports.list': () => [] },
    );
    await user.click(await screen.findByRole('button', { name: 'Actions for epoch 2' }));
    await user.click(await screen.findByRole('menuitem', { name: /Export epoch 2/ }));
    const file = await screen.findByRole<HTMLInputElement>('radio', { name: 'Model file' });
    expect(await screen.findByText(/^Not for this base: one file does not say how it is built/)).toBeTruthy();
    expect(file.disabled).toBe(true);
    expect(studio.inputsOf('exports.unfit')).toEqual([{ runId: 7 }]);
  });

  test('is not offered as a model where a new word was taught, for that stayed as it was', async () => {
    const { user } = show({ ...exampleRun, method: 'embedding', status: 'finished' });
    await user.click(await screen.findByRole('button', { name: 'Actions for epoch 2' }));
    await screen.findByRole('menuitem', { name: /Export epoch 2/ });
    expect(screen.queryByRole('menuitem', { name: /Keep as a model/ })).toBeNull();
  });

  test('is exported, and the dialog tells when it is written and where', async () => {
    const { studio, user } = show(
      { ...exampleRun, status: 'finished' },
      { 'exports.model': () => ({ exportId: 3 }), 'exports.list': () => [] },
    );
    await user.click(await screen.findByRole('button', { name: 'Actions for epoch 2' }));
    await user.click(await screen.findByRole('menuitem', { name: /Export epoch 2/ }));
    await user.click(await screen.findByRole('button', { name: 'Export' }));
    await waitFor(() => {
      expect(studio.inputsOf('exports.model')).toEqual([
        {
          runId: 7,
          epoch: 2,
          format: 'diffusers',
          loraNames: 'kohya',
          precision: 'float16',
          output: null,
        },
      ]);
    });
    studio.publish('exports.changed', {
      id: 3,
      kind: 'diffusers',
      status: 'ready',
      failure: null,
      title: 'emoji, epoch 2',
      path: '/exports/emoji',
      bytes: 14_000_000,
      runId: 7,
      epoch: 2,
      createdAt: 1,
    });
    expect(await screen.findByText(/14 MB · \/exports\/emoji/)).toBeTruthy();
  });
});

describe('a run that has finished', () => {
  const finished = { ...exampleRun, status: 'finished' as const, epoch: 10, checkpoints: [1, 2, 10] };

  test('offers at once to compare its epochs, and to export any of them', async () => {
    const { studio, user } = show(finished, {
      'exports.list': () => [],
      'exports.model': () => ({ exportId: 1 }),
    });
    const link = await screen.findByRole('link', { name: 'Compare its epochs' });
    expect(link.getAttribute('href')).toContain('/compare?runs=7');
    await user.click(screen.getByRole('button', { name: 'Export…' }));
    const dialog = await screen.findByRole('dialog');
    const epoch = within(dialog).getByRole('combobox', { name: 'Epoch' });
    expect(epoch).toHaveProperty('value', '10');
    const compare = within(dialog).getByRole('link', { name: 'Compare them' });
    expect(compare.getAttribute('href')).toContain('/compare?runs=7');
    await user.click(epoch);
    await user.click(await screen.findByRole('option', { name: '2' }));
    await user.click(within(dialog).getByRole('button', { name: 'Export' }));
    expect(studio.inputsOf('exports.model')).toMatchObject([{ runId: 7, epoch: 2 }]);
  });

  test('does not promise a curve that cannot come', async () => {
    show(finished);
    expect(await screen.findByText(/^A curve needs two steps or more/)).toBeTruthy();
    expect(screen.queryByText(/^The curve begins/)).toBeNull();
  });

  test('is told of wherever one is, once', async () => {
    let run: RunSummary = exampleRun;
    const studio = fakeStudio({
      'runs.list': () => [run, { ...finished, id: 3, name: 'long ago' }],
      'runs.progressNow': () => null,
    });
    const { location } = renderWithStudio(
      <>
        <RunEnds />
        <Activity />
      </>,
      studio,
      '/models',
    );
    await screen.findByRole('link', { name: /^emoji, full/ });
    run = finished;
    studio.publish('changed', { subjects: ['runs'] });
    expect(await screen.findByText('emoji, full')).toBeTruthy();
    expect(screen.queryByText('long ago')).toBeNull();
    await userEvent.setup().click(screen.getByRole('button', { name: 'Show the run' }));
    expect(location()).toBe('/runs/7');
  });
});
