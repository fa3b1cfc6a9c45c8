import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';

import type { AllHandlers } from '../../../../electron/contract/api.ts';
import type { Download, StarterOffer } from '../../../../electron/contract/downloads.ts';
import { downloadText } from '../../../../renderer/features/downloads/download-text.ts';
import { GetBaseScreen } from '../../../../renderer/features/downloads/get-base-screen.tsx';
import { fakeStudio, renderWithStudio } from '../../fake-studio.tsx';

const starter: StarterOffer = {
  id: 'sd',
  name: 'Some Diffusion',
  bytes: 4_265_146_304,
  resolution: 512,
  suits: 'For a beginning.',
  page: 'https://models.example/sd',
  licence: { name: 'Some licence', address: 'https://models.example/licence', points: ['Do no harm.'] },
  accepted: false,
  opens: true,
};
const download: Download = {
  id: 'sd',
  title: 'Some Diffusion',
  host: 'models.example',
  kind: 'base',
  status: 'running',
  done: 1_200_000_000,
  total: 4_265_146_304,
  bytesPerSecond: 50_000_000,
  secondsLeft: 61,
  failure: null,
  file: '/library/downloads/sd.safetensors',
  modelId: null,
  loraId: null,
};

function show(handlers: Partial<AllHandlers> = {}) {
  const studio = fakeStudio({
    'downloads.starters': () => [starter],
    'downloads.list': () => [],
    'downloads.startBase': () => ({ downloadId: 'sd' }),
    'downloads.remove': () => null,
    ...handlers,
  });
  renderWithStudio(<GetBaseScreen />, studio, '/models/get');
  return { studio, user: userEvent.setup() };
}

describe('the screen that offers bases', () => {
  test('fetches nothing until the licence was shown and accepted', async () => {
    const { studio, user } = show();
    await user.click(await screen.findByRole('button', { name: 'Download' }));
    const dialog = await screen.findByRole('dialog');
    expect(within(dialog).getByText('Do no harm.')).toBeTruthy();
    expect(within(dialog).getByText('https://models.example/licence')).toBeTruthy();
    expect(studio.inputsOf('downloads.startBase')).toEqual([]);
    await user.click(within(dialog).getByRole('button', { name: 'Accept and download' }));
    expect(studio.inputsOf('downloads.startBase')).toEqual([{ starterId: 'sd', acceptLicence: true }]);
  });

  test('asks for an accepted licence no more', async () => {
    const { studio, user } = show({ 'downloads.starters': () => [{ ...starter, accepted: true }] });
    await user.click(await screen.findByRole('button', { name: 'Download' }));
    expect(studio.inputsOf('downloads.startBase')).toEqual([{ starterId: 'sd', acceptLicence: false }]);
  });

  test('follows a download, and says what to do where it stopped', async () => {
    const { studio } = show({ 'downloads.list': () => [download] });
    expect(await screen.findByText('1.2 GB of 4.3 GB, 50 MB/s, 1 min 1 s left')).toBeTruthy();
    const failure = { code: 'x', message: 'The host is gone.', hint: 'Try again later.' };
    studio.publish('downloads.progress', { ...download, status: 'failed', failure });
    expect(await screen.findByText('The host is gone. Try again later.')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Try again' })).toBeTruthy();
  });

  test('asks before it throws away what has come, not before it clears an entry whose file stays', async () => {
    const { studio, user } = show({ 'downloads.list': () => [{ ...download, status: 'paused' }] });
    await user.click(await screen.findByRole('button', { name: 'Discard' }));
    expect(studio.inputsOf('downloads.remove')).toEqual([]);
    await user.click(await screen.findByRole('button', { name: 'Discard download' }));
    expect(studio.inputsOf('downloads.remove')).toEqual([{ downloadId: 'sd' }]);
    studio.publish('downloads.progress', { ...download, status: 'ready', modelId: 3 });
    await user.click(await screen.findByRole('button', { name: 'Clear' }));
    await waitFor(() => {
      expect(studio.inputsOf('downloads.remove').length).toBe(2);
    });
  });
});

test.each([
  [{ status: 'running', total: null, bytesPerSecond: null, secondsLeft: null }, '1.2 GB'],
  [{ status: 'checking' }, 'Complete; checking it, 1.2 GB of 4.3 GB'],
  [{ status: 'waiting' }, '1.2 GB of 4.3 GB, trying again shortly'],
  [{ status: 'ready' }, 'Downloaded, 4.3 GB'],
] as const)('a download %o is told in words', (change, text) => {
  expect(downloadText({ ...download, ...change })).toBe(text);
});
