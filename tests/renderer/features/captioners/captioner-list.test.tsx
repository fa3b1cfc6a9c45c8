import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';

import type { AllHandlers } from '../../../../electron/contract/api.ts';
import type { Captioner } from '../../../../electron/contract/captioners.ts';
import type { CaptionerOffer, Download } from '../../../../electron/contract/downloads.ts';
import { CaptionerList } from '../../../../renderer/features/captioners/captioner-list.tsx';
import { fakeStudio, renderWithStudio } from '../../fake-studio.tsx';

const offer: CaptionerOffer = {
  id: 'some-tagger',
  name: 'Some tagger',
  kind: 'tagger',
  publisher: 'Somebody',
  bytes: 379_000_000,
  licence: 'Apache 2.0',
  page: 'https://models.example/some-tagger',
  suits: 'Tags for drawings.',
  captionerId: null,
};
const captioner: Captioner = {
  ...{
    id: 3,
    name: 'Some tagger',
    folder: '/library/downloads/Some tagger',
    missing: false,
    downloaded: true,
  },
  ...{ kind: 'tagger', bytes: 379_000_000, createdAt: 0 },
};
const download: Download = {
  ...{ id: 'some-tagger', title: 'Some tagger', host: 'models.example', kind: 'captioner' },
  ...{ status: 'opening', done: 1, total: 1, bytesPerSecond: null, secondsLeft: null, failure: null },
  ...{ file: '/library/downloads/Some tagger', modelId: null, loraId: null },
};

function show(handlers: Partial<AllHandlers> = {}) {
  const studio = fakeStudio({
    'captioners.list': () => [],
    'downloads.captioners': () => [offer],
    'downloads.list': () => [],
    'downloads.startCaptioner': () => ({ downloadId: 'some-tagger' }),
    'downloads.startCaptionerAddress': () => ({ downloadId: 'b' }),
    'captioners.remove': () => ({ freedBytes: 379_123_456 }),
    ...handlers,
  });
  renderWithStudio(<CaptionerList />, studio, '/models/captioners');
  return { studio, user: userEvent.setup() };
}

describe('the captioners of the library', () => {
  test('are to be had by a click, with size, licence, publisher and use', async () => {
    const { studio, user } = show();
    const entry = within(await screen.findByRole('listitem', { name: 'Some tagger' }));
    expect(entry.getByText('Tags · about 379 MB · Apache 2.0 · Somebody')).toBeTruthy();
    expect(entry.getByText('Tags for drawings.')).toBeTruthy();
    expect(studio.inputsOf('downloads.startCaptioner')).toEqual([]);
    await user.click(entry.getByRole('button', { name: 'Download Some tagger' }));
    expect(studio.inputsOf('downloads.startCaptioner')).toEqual([{ publishedId: 'some-tagger' }]);
  });

  test('may come by another way where the connection fails', async () => {
    const { user } = show({
      'downloads.startCaptioner': () => {
        throw Object.assign(new Error(), { code: 'x', message: 'There is no connection.', hint: 'Look.' });
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Download Some tagger' }));
    expect(await screen.findByText('There is no connection.')).toBeTruthy();
    expect(screen.getByText(/get the files from the page above with another computer/)).toBeTruthy();
  });

  test('come from an address, too, and what is wrong with it stands there', async () => {
    const { studio, user } = show({
      'downloads.startCaptionerAddress': () => {
        throw Object.assign(new Error(), { code: 'x', message: 'There is none.', hint: 'Look again.' });
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Another model, by its address' }));
    await user.type(screen.getByLabelText('Address of the model'), 'https://models.example/a');
    await user.click(screen.getByRole('button', { name: 'Download this model' }));
    expect(studio.inputsOf('downloads.startCaptionerAddress')).toEqual([
      { address: 'https://models.example/a', token: '' },
    ]);
    expect(await screen.findByText('There is none.')).toBeTruthy();
  });

  test('are not offered while they come, and say when they are being tried', async () => {
    show({ 'downloads.list': () => [download] });
    expect(await screen.findByText('Complete; trying it on a picture …')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Download Some tagger' })).toHaveProperty('disabled', true);
  });

  test('are removed with their files where they were downloaded, and it says how much that frees', async () => {
    const { studio, user } = show({
      'captioners.list': () => [captioner],
      'downloads.captioners': () => [{ ...offer, captionerId: 3 }],
    });
    await user.click(await screen.findByRole('button', { name: 'Remove Some tagger' }));
    const dialog = within(await screen.findByRole('dialog'));
    expect(dialog.getByText(/Its files are deleted, which frees about 379 MB/)).toBeTruthy();
    expect(studio.inputsOf('captioners.remove')).toEqual([]);
    await user.click(dialog.getByRole('button', { name: 'Remove captioner' }));
    expect(studio.inputsOf('captioners.remove')).toEqual([{ captionerId: 3 }]);
    expect(await screen.findByText('379 MB are free again.')).toBeTruthy();
  });
});
