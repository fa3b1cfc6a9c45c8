import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { StudioFailure } from '../../../../electron/connection/studio-failure.ts';
import type { DatasetSummary } from '../../../../electron/contract/datasets.ts';
import { DatasetsScreen } from '../../../../renderer/features/datasets/datasets-screen.tsx';
import { ImportingProvider } from '../../../../renderer/features/datasets/import/importing-provider.tsx';
import { type FakeStudio, fakeStudio, renderWithStudio } from '../../fake-studio.tsx';

const cats: DatasetSummary = {
  id: 7,
  name: 'Cats',
  folder: '/pictures/cats',
  images: 1200,
  excluded: 3,
  heldOut: 20,
  problems: 2,
  captionSets: 1,
  importing: false,
  embedded: false,
  createdAt: 0,
  cover: [1, 2, 3, 4],
};

const draw = (studio: FakeStudio) =>
  renderWithStudio(
    <ImportingProvider>
      <DatasetsScreen />
    </ImportingProvider>,
    studio,
    '/datasets',
  );

describe('the data sets', () => {
  test('show what is in them, and lead to the files that could not be used', async () => {
    draw(fakeStudio({ 'datasets.list': () => [cats] }));
    expect(await screen.findByRole('link', { name: 'Cats' })).toHaveProperty('pathname', '/datasets/7');
    expect(screen.getByText('1,200 images')).toBeDefined();
    expect(screen.getByText('20 held out · 3 excluded · 1 caption set')).toBeDefined();
    expect(screen.getByRole('link', { name: '2 files could not be used' })).toHaveProperty(
      'pathname',
      '/datasets/7/problems',
    );
  });

  test('say how to have one where there are none', async () => {
    draw(fakeStudio({ 'datasets.list': () => [] }));
    expect(await screen.findByText('No data sets yet')).toBeDefined();
  });

  test('tell how far an import is, and cancel it', async () => {
    const studio = fakeStudio({
      'datasets.list': () => [{ ...cats, importing: true }],
      'datasets.cancelImport': () => null,
    });
    draw(studio);
    await screen.findByRole('link', { name: 'Cats' });
    act(() => {
      studio.publish('datasets.progress', {
        datasetId: 7,
        phase: 'reading',
        done: 412,
        total: 10_000,
        problems: 3,
        imagesPerSecond: 250,
        failure: null,
      });
    });
    expect(screen.getByText('412 of 10,000 images · 250 images/s · 3 files skipped')).toBeDefined();
    await userEvent.click(screen.getByRole('button', { name: 'Cancel' }));
    expect(studio.inputsOf('datasets.cancelImport')).toEqual([{ datasetId: 7 }]);
  });

  test('take a pasted path, and go to the new data set', async () => {
    const studio = fakeStudio({
      'datasets.list': () => [],
      'datasets.import': () => ({ datasetId: 9 }),
    });
    const { location } = draw(studio);
    await screen.findByText('No data sets yet');
    fireEvent.paste(document.body, {
      clipboardData: { files: [], getData: () => '/pictures/dogs' },
    });
    await waitFor(() => {
      expect(location()).toBe('/datasets/9');
    });
    expect(studio.inputsOf('datasets.import')).toMatchObject([{ paths: ['/pictures/dogs'] }]);
  });

  test('take the pasted path of a model file to the models', async () => {
    const studio = fakeStudio({ 'datasets.list': () => [], 'models.add': () => ({ modelId: 4 }) });
    const { location } = draw(studio);
    await screen.findByText('No data sets yet');
    fireEvent.paste(document.body, {
      clipboardData: { files: [], getData: () => '/models/sd.safetensors' },
    });
    await waitFor(() => {
      expect(location()).toBe('/models/4');
    });
    expect(studio.inputsOf('models.add')).toEqual([{ path: '/models/sd.safetensors' }]);
    expect(studio.inputsOf('datasets.import')).toEqual([]);
  });

  test('name what was given where it holds no image, and send nothing', async () => {
    const studio = fakeStudio({ 'datasets.list': () => [] });
    draw(studio);
    await screen.findByText('No data sets yet');
    const sent = vi.spyOn(globalThis, 'fetch');
    onTestFinished(() => {
      sent.mockRestore();
    });
    const model = Object.assign(new File(['x'], 'sd.safetensors'), { webkitRelativePath: '' });
    fireEvent.paste(document.body, { clipboardData: { files: [model], getData: () => '' } });
    expect(await screen.findByText('sd.safetensors is a model file.')).toBeDefined();
    expect(screen.getByText('Add it under Models: Add a model, One file.')).toBeDefined();
    expect(sent).not.toHaveBeenCalled();
    expect(studio.inputsOf('datasets.import')).toEqual([]);
  });

  test('take images and files of models together, each to where it belongs', async () => {
    const studio = fakeStudio({
      'datasets.list': () => [],
      'datasets.import': () => ({ datasetId: 9 }),
      'loras.addUploaded': () => ({ loraIds: [1] }),
      'loras.add': () => {
        throw new StudioFailure({ code: 'not-a-lora', message: 'no', hint: 'no' });
      },
      'models.takeUploaded': () => ({ paths: ['/library/models/sd.safetensors'] }),
      'models.add': () => ({ modelId: 4 }),
    });
    const sent: string[] = [];
    const fetching = vi.spyOn(globalThis, 'fetch').mockImplementation((address) => {
      if (typeof address === 'string') sent.push(address.replace(/^.*\//, ''));
      return Promise.resolve(new Response(null, { status: 204 }));
    });
    onTestFinished(() => {
      fetching.mockRestore();
    });
    const { location } = draw(studio);
    await screen.findByText('No data sets yet');
    const file = (name: string, header = '') => {
      const length = new DataView(new ArrayBuffer(8));
      length.setBigUint64(0, BigInt(header.length), true);
      return Object.assign(new File([length.buffer, header], name), { webkitRelativePath: '' });
    };
    const files = [
      file('fox.png'),
      file('style.safetensors', '{"lora_unet_x.lora_down.weight":{}}'),
      file('sd.safetensors', '{"model.diffusion_model.out.2.weight":{}}'),
    ];
    fireEvent.paste(document.body, { clipboardData: { files, getData: () => '' } });
    await waitFor(() => {
      expect(studio.inputsOf('models.add')).toEqual([{ path: '/library/models/sd.safetensors' }]);
    });
    expect(sent).toEqual(['fox.png', 'style.safetensors', 'sd.safetensors']);
    expect(studio.inputsOf('datasets.import')).toMatchObject([{ datasetId: null }]);
    expect(studio.inputsOf('loras.addUploaded')).toHaveLength(1);
    expect(location()).toBe('/datasets/9');
  });

  test('take what is dropped on the desktop where it lies: model files to the models, images beside them to a data set', async () => {
    const studio = fakeStudio({
      'datasets.list': () => [],
      'datasets.import': () => ({ datasetId: 9 }),
      'models.add': () => ({ modelId: 4 }),
    });
    vi.stubGlobal('screenfoldDesktop', { pathOf: ({ name }: File) => `/given/${name}` });
    onTestFinished(() => {
      vi.unstubAllGlobals();
    });
    const { location } = draw(studio);
    const drop = (...names: readonly string[]) =>
      fireEvent.drop(screen.getByText('No data sets yet'), {
        dataTransfer: { types: ['Files'], files: names.map((name) => new File([], name)) },
      });
    await screen.findByText('No data sets yet');
    drop('a.ckpt', 'b.safetensors');
    await waitFor(() => {
      expect(location()).toBe('/models/4');
    });
    expect(studio.inputsOf('models.add')).toEqual([
      { path: '/given/a.ckpt' },
      { path: '/given/b.safetensors' },
    ]);
    drop('fox.png', 'b.safetensors');
    await waitFor(() => {
      expect(location()).toBe('/datasets/9');
    });
    expect(studio.inputsOf('datasets.import')).toMatchObject([{ paths: ['/given/fox.png'] }]);
    expect(studio.inputsOf('models.add')).toHaveLength(3);
    expect(location()).toBe('/datasets/9');
  });

  test('are removed only after asking', async () => {
    const studio = fakeStudio({ 'datasets.list': () => [cats], 'datasets.remove': () => null });
    draw(studio);
    await userEvent.click(await screen.findByRole('button', { name: 'More for Cats' }));
    await userEvent.click(screen.getByRole('menuitem', { name: 'Remove…' }));
    expect(studio.inputsOf('datasets.remove')).toEqual([]);
    const dialog = await screen.findByRole('dialog', { name: 'Remove Cats?' });
    await userEvent.click(within(dialog).getByRole('button', { name: 'Remove data set' }));
    await waitFor(() => {
      expect(studio.inputsOf('datasets.remove')).toEqual([{ datasetId: 7 }]);
    });
  });
});
