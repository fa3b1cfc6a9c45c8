import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';

import { StudioFailure } from '../../../../electron/connection/studio-failure.ts';
import { WriteView } from '../../../../renderer/features/captions/write-view.tsx';
import { DatasetViewProvider } from '../../../../renderer/features/datasets/use-view.tsx';
import { DraftContext } from '../../../../renderer/features/train/draft-context.ts';
import { createDraftStore } from '../../../../renderer/features/train/request-draft.ts';
import { type FakeStudio, fakeStudio, renderWithStudio } from '../../fake-studio.tsx';
import { readsFourWords } from '../../read-texts.ts';
import { captionSet, dataset, imageDetail } from '../datasets/examples.ts';

/** Images 1 to 4, of which the first has a caption. */
function studioOf(captions = new Map<number, string>([[1, 'a cat']]), failing = false): FakeStudio {
  const order = [1, 2, 3, 4];
  const studio: FakeStudio = fakeStudio({
    ...readsFourWords,
    'captions.sets': () => [
      { ...captionSet, captioned: captions.size, uncaptioned: order.length - captions.size },
    ],
    'datasets.imageIds': ({ query }) =>
      query.filter === 'uncaptioned' ? order.filter((id) => !captions.has(id)) : order,
    'datasets.image': ({ imageId }) => ({
      ...imageDetail(imageId),
      captions: [{ captionSetId: captionSet.id, name: captionSet.name, text: captions.get(imageId) ?? null }],
    }),
    'captions.write': ({ captions: written }) => {
      if (failing) throw new StudioFailure({ code: 'disk-full', message: 'The disk is full', hint: '' });
      for (const { imageId, text } of written) {
        if (text === null) captions.delete(imageId);
        else captions.set(imageId, text);
      }
      studio.publish('changed', { subjects: ['captions'] });
      return null;
    },
  });
  return studio;
}

const first = `/datasets/${dataset.id}/write?set=${captionSet.id}&image=1`;

const draw = async (studio: FakeStudio, path = first) => {
  renderWithStudio(
    <DatasetViewProvider datasetId={dataset.id}>
      <WriteView dataset={dataset} />
    </DatasetViewProvider>,
    studio,
    path,
  );
  return await screen.findByRole('textbox', { name: 'Caption' });
};
const isAt = async (place: string, value: string) => {
  await screen.findByText(place);
  await waitFor(() => {
    expect(screen.getByRole('textbox', { name: 'Caption' })).toMatchObject({ value, readOnly: false });
  });
};

describe('writing captions by the keyboard', () => {
  test('begins in the text, and Enter writes it and goes to the next', async () => {
    const studio = studioOf();
    const field = await draw(studio);
    await isAt('1 of 4 images', 'a cat');
    expect(document.activeElement).toBe(field);
    await userEvent.keyboard(', sleeping{Enter}');
    await isAt('2 of 4 images', '');
    expect(studio.inputsOf('captions.write')).toEqual([
      { captionSetId: 5, captions: [{ imageId: 1, text: 'a cat, sleeping' }] },
    ]);
    expect(document.activeElement).toBe(screen.getByRole('textbox', { name: 'Caption' }));
  });

  test('goes on without writing what was not changed', async () => {
    const studio = studioOf();
    await draw(studio);
    await isAt('1 of 4 images', 'a cat');
    await userEvent.keyboard('{Enter}');
    await isAt('2 of 4 images', '');
    expect(studio.inputsOf('captions.write')).toEqual([]);
  });

  test('goes back with Shift, and has there what was written', async () => {
    await draw(studioOf());
    await isAt('1 of 4 images', 'a cat');
    await userEvent.keyboard('{Enter}');
    await isAt('2 of 4 images', '');
    await userEvent.keyboard('a dog{Shift>}{Enter}{/Shift}');
    await isAt('1 of 4 images', 'a cat');
    await userEvent.keyboard('{Enter}');
    await isAt('2 of 4 images', 'a dog');
  });

  test('jumps with Alt to the next image without a caption', async () => {
    await draw(
      studioOf(
        new Map([
          [1, 'a cat'],
          [2, 'a dog'],
          [3, 'a bird'],
        ]),
      ),
    );
    await isAt('1 of 4 images', 'a cat');
    await waitFor(async () => {
      await userEvent.keyboard('{Alt>}{Enter}{/Alt}');
      expect(screen.getByText('4 of 4 images')).toBeDefined();
    });
  });

  test('breaks a line with Ctrl, and takes the typing back with Escape', async () => {
    const studio = studioOf();
    await draw(studio);
    await isAt('1 of 4 images', 'a cat');
    await userEvent.keyboard('{Control>}{Enter}{/Control}old');
    await isAt('1 of 4 images', 'a cat\nold');
    await userEvent.keyboard('{Escape}');
    await isAt('1 of 4 images', 'a cat');
    expect(studio.inputsOf('captions.write')).toEqual([]);
  });

  test('says how much longer a caption is than the base reads that is chosen for training', async () => {
    const draft = createDraftStore();
    draft.getState().chooseBase(3);
    const studio = studioOf(new Map([[1, 'a cat in the snow']]));
    renderWithStudio(
      <DraftContext value={draft}>
        <DatasetViewProvider datasetId={dataset.id}>
          <WriteView dataset={dataset} />
        </DatasetViewProvider>
      </DraftContext>,
      studio,
      first,
    );
    await screen.findByRole('textbox', { name: 'Caption' });
    expect(await screen.findByText('5 tokens; Seedling reads 4.')).toBeDefined();
    expect(studio.inputsOf('models.readTexts')).toContainEqual({ modelId: 3, texts: ['a cat in the snow'] });
    await userEvent.keyboard(' at night');
    expect(await screen.findByText('7 tokens; Seedling reads 4.')).toBeDefined();
    await userEvent.keyboard('{Enter}');
    await isAt('2 of 4 images', '');
    expect(screen.queryByText(/tokens;/)).toBeNull();
  });

  test('keeps what was typed where it could not be written', async () => {
    await draw(studioOf(new Map(), true));
    await isAt('1 of 4 images', '');
    await userEvent.keyboard('a cat{Enter}');
    await isAt('2 of 4 images', '');
    expect(await screen.findByText('The disk is full')).toBeDefined();
    await userEvent.keyboard('{Shift>}{Enter}{/Shift}');
    await isAt('1 of 4 images', 'a cat');
    expect(screen.getByText('Not saved yet')).toBeDefined();
  });

  test('says when there is no further image', async () => {
    await draw(studioOf());
    await isAt('1 of 4 images', 'a cat');
    await userEvent.keyboard('{Shift>}{Enter}{/Shift}');
    expect(await screen.findByText('This is the first image.')).toBeDefined();
  });

  test('begins at the first image without a caption, and has set and image in the address', async () => {
    const { location, unmount } = renderWithStudio(
      <DatasetViewProvider datasetId={dataset.id}>
        <WriteView dataset={dataset} />
      </DatasetViewProvider>,
      studioOf(),
      `/datasets/${dataset.id}/write`,
    );
    await isAt('2 of 4 images', '');
    await waitFor(() => {
      expect(location()).toBe(`/datasets/${dataset.id}/write?set=${captionSet.id}&image=2`);
    });
    await userEvent.keyboard('{Enter}');
    await isAt('3 of 4 images', '');
    await waitFor(() => {
      expect(location()).toContain('image=3');
    });
    unmount();
    await draw(studioOf(), location());
    await isAt('3 of 4 images', '');
  });

  test('writes what was typed when somebody goes elsewhere', async () => {
    const studio = studioOf();
    const { unmount } = renderWithStudio(
      <DatasetViewProvider datasetId={dataset.id}>
        <WriteView dataset={dataset} />
      </DatasetViewProvider>,
      studio,
      first,
    );
    await isAt('1 of 4 images', 'a cat');
    await userEvent.keyboard(', half a w');
    expect(studio.inputsOf('captions.write')).toEqual([]);
    unmount();
    expect(studio.inputsOf('captions.write')).toEqual([
      { captionSetId: 5, captions: [{ imageId: 1, text: 'a cat, half a w' }] },
    ]);
  });
});
