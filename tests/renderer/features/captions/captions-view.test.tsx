import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';

import type { AllHandlers } from '../../../../electron/contract/api.ts';
import { captioningOptionsSchema } from '../../../../electron/contract/captioners.ts';
import { CaptionsView } from '../../../../renderer/features/captions/captions-view.tsx';
import { DatasetViewProvider } from '../../../../renderer/features/datasets/use-view.tsx';
import { fakeStudio, renderWithStudio } from '../../fake-studio.tsx';
import { captionSet, dataset } from '../datasets/examples.ts';

const preview: AllHandlers['captions.preview'] = ({ source }) => {
  const template = source.kind === 'template' ? source.template : '';
  return {
    examples: [{ imageId: 1, file: 'cat-1.png', caption: template, missing: [] }],
    captioned: 3,
    uncaptioned: 1,
    missing: template.includes('breed') ? [{ field: 'breed', images: 1 }] : [],
    fault: template.includes('${nope}') ? "No image has a field 'nope'" : null,
  };
};

const draw = (handlers: Partial<AllHandlers>, path = '/', shown = dataset) => {
  const studio = fakeStudio({ 'captions.preview': preview, 'captions.sets': () => [], ...handlers });
  renderWithStudio(
    <DatasetViewProvider datasetId={dataset.id}>
      <CaptionsView dataset={shown} />
    </DatasetViewProvider>,
    studio,
    path,
  );
  return studio;
};

test('a set of no words is not said to give captions', async () => {
  draw({ 'captions.sets': () => [{ ...captionSet, name: 'Style', source: { kind: 'empty' } }] });
  expect(await screen.findByText(/^3 images without words/)).toBeDefined();
  expect(screen.getByText(/^4 without words/)).toBeDefined();
});

describe('a new caption set', () => {
  const open = async () => {
    await userEvent.click(await screen.findByRole('button', { name: 'New caption set…' }));
    return within(await screen.findByRole('dialog', { name: 'New caption set' }));
  };

  test('begins with a template over the metadata, and shows what it gives', async () => {
    draw({});
    const dialog = await open();
    expect(dialog.getByLabelText('Template')).toHaveProperty('value', 'a picture of ${name}, ${breed}');
    expect(await dialog.findByText('a picture of ${name}, ${breed}', { selector: 'span' })).toBeDefined();
    expect(dialog.getByText('1 image has no breed; it is left out there.')).toBeDefined();
  });

  test('takes a field where the cursor is', async () => {
    draw({});
    const dialog = await open();
    const field = dialog.getByLabelText('Template');
    await userEvent.clear(field);
    await userEvent.type(field, 'photo, old');
    (field as HTMLTextAreaElement).setSelectionRange(5, 5);
    await userEvent.click(dialog.getByRole('button', { name: 'Insert name' }));
    expect(field).toHaveProperty('value', 'photo ${name}, old');
    expect(document.activeElement).toBe(field);
    expect(field).toHaveProperty('selectionStart', 13);
  });

  test('cannot be made of a broken template, and says why', async () => {
    draw({});
    const dialog = await open();
    const field = dialog.getByLabelText('Template');
    await userEvent.clear(field);
    await userEvent.type(field, '${{nope}');
    expect(await dialog.findByText("No image has a field 'nope'")).toBeDefined();
    expect(dialog.getByRole('button', { name: 'Make caption set' })).toHaveProperty('disabled', true);
  });

  test('is made of what was shown', async () => {
    const studio = draw({ 'captions.createSet': () => ({ captionSetId: 6 }) });
    const dialog = await open();
    await userEvent.click(dialog.getByRole('button', { name: 'Make caption set' }));
    await waitFor(() => {
      expect(studio.inputsOf('captions.createSet')).toEqual([
        {
          datasetId: 7,
          name: 'Template',
          source: { kind: 'template', template: 'a picture of ${name}, ${breed}' },
        },
      ]);
    });
  });
});

describe('captions by a model', () => {
  test('are what a new set begins with where nothing is said of the images but file and folder', async () => {
    const fields = [
      { name: 'file', images: 4, example: 'cat-1.png' },
      { name: 'folder', images: 4, example: 'cats' },
    ];
    draw({ 'captioners.list': () => [], 'downloads.captioners': () => [], 'downloads.list': () => [] }, '/', {
      ...dataset,
      fields,
    });
    await userEvent.click(await screen.findByRole('button', { name: 'New caption set…' }));
    const dialog = within(await screen.findByRole('dialog', { name: 'New caption set' }));
    expect(dialog.getByLabelText('Name')).toHaveProperty('value', 'By a model');
  });

  test('are begun once where the address asks for them', async () => {
    draw({}, '/datasets/7/captions?new=set');
    const asked = within(await screen.findByRole('dialog', { name: 'New caption set' }));
    expect(asked.getByLabelText('Name')).toHaveProperty('value', 'Template');
    await userEvent.click(asked.getByRole('button', { name: 'Cancel' }));
    await waitFor(() => {
      expect(screen.queryByRole('dialog')).toBeNull();
    });
  });

  test('name a model by its kind only where its name does not say that', async () => {
    const model = {
      kind: 'tagger' as const,
      folder: '/m',
      missing: false,
      downloaded: true,
      bytes: 1,
      createdAt: 1,
    };
    draw({
      'captions.sets': () => [
        {
          ...captionSet,
          source: { kind: 'model', captionerId: 1, options: captioningOptionsSchema.parse({}) },
        },
      ],
      'captioners.list': () => [
        { ...model, id: 1, name: 'WD SwinV2 tagger' },
        { ...model, id: 2, name: 'WD v3' },
      ],
    });
    const field = await screen.findByDisplayValue('WD SwinV2 tagger');
    await userEvent.click(field);
    expect(await screen.findByRole('option', { name: 'WD v3 – Tagger' })).toBeTruthy();
  });

  test('cannot be tried before there is a model, and say so', async () => {
    draw({
      'captions.sets': () => [
        {
          ...captionSet,
          source: { kind: 'model', captionerId: 0, options: captioningOptionsSchema.parse({}) },
        },
      ],
      'captioners.list': () => [],
      'downloads.captioners': () => [],
      'downloads.list': () => [],
    });
    const attempt = await screen.findByRole('button', { name: 'Try it on three images' });
    expect(attempt).toHaveProperty('disabled', true);
    expect(screen.getByText('Add a model first.')).toBeTruthy();
  });
});

describe('a caption set', () => {
  test('shows what would be replaced before it is', async () => {
    const studio = draw({
      'captions.sets': () => [captionSet],
      'captions.previewReplace': ({ find, replace }) => ({
        images: 2,
        matches: 3,
        examples: [{ imageId: 1, before: `a ${find}`, after: `a ${replace}` }],
        fault: null,
      }),
      'captions.replace': () => ({ images: 2 }),
    });
    await userEvent.click(await screen.findByRole('tab', { name: 'Find and replace' }));
    const all = screen.getByRole('button', { name: 'Replace all' });
    expect(all).toHaveProperty('disabled', true);
    await userEvent.type(screen.getByLabelText('Find'), 'cat');
    await userEvent.type(screen.getByLabelText('Replace with'), 'dog');
    await userEvent.click(screen.getByLabelText('Whole words'));
    expect(await screen.findByText('3 matches in 2 captions')).toBeDefined();
    await userEvent.click(all);
    expect(studio.inputsOf('captions.replace')).toEqual([
      {
        captionSetId: 5,
        find: 'cat',
        replace: 'dog',
        regularExpression: false,
        matchCase: false,
        wholeWord: true,
      },
    ]);
  });

  test('renames a tag in all captions', async () => {
    const studio = draw({
      'captions.sets': () => [captionSet],
      'captions.tags': () => [{ tag: 'fluffy', images: 12 }],
      'captions.editTag': () => ({ images: 12 }),
    });
    await userEvent.click(await screen.findByRole('tab', { name: 'Tags' }));
    await userEvent.click(await screen.findByRole('button', { name: 'More for fluffy' }));
    await userEvent.click(await screen.findByRole('menuitem', { name: 'Rename in all captions…' }));
    const dialog = within(await screen.findByRole('dialog', { name: 'Rename tag in all captions' }));
    await userEvent.clear(dialog.getByLabelText('Tag'));
    await userEvent.type(dialog.getByLabelText('Tag'), 'furry{Enter}');
    await waitFor(() => {
      expect(studio.inputsOf('captions.editTag')).toEqual([
        { captionSetId: 5, edit: { kind: 'rename', tag: 'fluffy', to: 'furry' } },
      ]);
    });
  });

  test('is filled anew, with what was written by hand only where that is said', async () => {
    const studio = draw({
      'captions.sets': () => [{ ...captionSet, source: { kind: 'template', template: 'x' }, byHand: 2 }],
      'captions.fill': () => null,
    });
    await userEvent.click(await screen.findByLabelText('Replace 2 captions changed by hand too'));
    await userEvent.click(screen.getByRole('button', { name: 'Make the captions again' }));
    await waitFor(() => {
      expect(studio.inputsOf('captions.fill')).toEqual([
        { captionSetId: 5, source: { kind: 'template', template: 'x' }, overwrite: true },
      ]);
    });
  });
});
