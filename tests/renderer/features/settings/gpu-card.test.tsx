import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';

import type { GpuStatus } from '../../../../electron/contract/gpu.ts';
import { GpuCard } from '../../../../renderer/features/settings/gpu-card.tsx';
import { fakeStudio, renderWithStudio } from '../../fake-studio.tsx';

const status: GpuStatus = {
  gpus: [
    {
      ...{ name: 'NVIDIA GeForce RTX 4090', driver: '580.1' },
      ...{ memoryMib: 24_564, freeMib: 23_000, busId: '00000000:01:00.0' },
    },
  ],
  pack: null,
  offer: {
    ...{ downloadId: 'gpu-pack', hasAddress: true, cuda: 13 },
    ...{ downloadBytes: 1_333_000_000, bytes: 2_105_000_000 },
  },
  licence: {
    name: 'NVIDIA’s',
    address: 'https://nvidia.example/eula',
    points: ['Pass it on with nothing else.'],
  },
  accepted: false,
  refusal: null,
};
const pack = {
  ...{ folder: '/packs/1', onnxRuntime: '1.30.0', cuda: 13, bytes: 2_105_000_000 },
  ...{ fault: null, parts: [] },
};

function show(change: Partial<GpuStatus>) {
  const studio = fakeStudio({
    'gpu.status': () => ({ ...status, ...change }),
    'gpu.install': () => null,
    'gpu.installFile': () => null,
    'system.browse': () => ({
      folder: '/home/me',
      parent: '/home',
      entries: [{ name: 'screenfold-gpu-1.zip', path: '/home/me/screenfold-gpu-1.zip', kind: 'file' }],
      shortcuts: [],
      images: 0,
    }),
    'gpu.look': () => null,
    'gpu.verify': () => null,
    'gpu.remove': () => null,
    'downloads.list': () => [],
  });
  const rendered = renderWithStudio(<GpuCard />, studio);
  return { studio, user: userEvent.setup(), ...rendered };
}

describe('the card of the GPU pack', () => {
  test('says what it brings and how large it is, and installs it when its licence was accepted', async () => {
    const { studio, user } = show({});
    expect(await screen.findByText('1.3 GB to download, 2.1 GB on the disk')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Install' }));
    const dialog = await screen.findByRole('dialog');
    expect(within(dialog).getByText('Pass it on with nothing else.')).toBeTruthy();
    expect(studio.inputsOf('gpu.install')).toEqual([]);
    await user.click(within(dialog).getByRole('button', { name: 'Accept and download' }));
    expect(studio.inputsOf('gpu.install')).toEqual([{ acceptLicence: true }]);
  });

  test('names all GPUs', async () => {
    const [gpu] = status.gpus!;
    show({ gpus: [gpu!, { ...gpu!, name: 'NVIDIA T4' }, gpu!] });
    expect(await screen.findByText('2 × NVIDIA GeForce RTX 4090 and NVIDIA T4')).toBeTruthy();
  });

  test('is not there without an NVIDIA GPU', async () => {
    const { studio } = show({ gpus: [] });
    await expect.poll(() => studio.inputsOf('gpu.status').length).toBe(1);
    expect(screen.queryByRole('group', { name: 'GPU pack' })).toBeNull();
  });

  test('says why it would be of no use, offers nothing then, and looks again when asked', async () => {
    const { studio, user } = show({
      refusal: { code: 'gpu-driver-old', message: 'The driver is old.', hint: 'Install a newer one.' },
    });
    expect(await screen.findByText('The driver is old. Install a newer one.')).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Install' })).toBeNull();
    await user.click(screen.getByRole('button', { name: 'Look again' }));
    expect(studio.inputsOf('gpu.look')).toEqual([{}]);
  });

  test('comes from a file alone where no address is known', async () => {
    show({ offer: null });
    expect(await screen.findByRole('button', { name: 'Install from a file…' })).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Install' })).toBeNull();
  });

  test('is installed from a file by choosing that file and accepting the licence', async () => {
    const { studio, user } = show({ offer: null });
    await user.click(await screen.findByRole('button', { name: 'Install from a file…' }));
    await user.click(await screen.findByRole('button', { name: 'screenfold-gpu-1.zip' }));
    await user.click(screen.getByRole('button', { name: 'Install this file' }));
    await user.click(await screen.findByRole('button', { name: 'Accept and install' }));
    expect(studio.inputsOf('gpu.installFile')).toEqual([
      { path: '/home/me/screenfold-gpu-1.zip', acceptLicence: true },
    ]);
  });

  test('checks what is installed, and removes it when asked twice', async () => {
    const { studio, user } = show({ pack });
    await user.click(await screen.findByRole('button', { name: 'Check it' }));
    expect(await screen.findByText(/All of its files are in order\.$/)).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Remove' }));
    expect(studio.inputsOf('gpu.remove')).toEqual([]);
    await user.click(await screen.findByRole('button', { name: 'Remove GPU pack' }));
    expect(studio.inputsOf('gpu.remove')).toEqual([{}]);
  });

  test('offers to repair what is broken', async () => {
    const { studio, user } = show({ pack: { ...pack, fault: 'libcublas.so.13 is missing' }, accepted: true });
    expect(await screen.findByText('The GPU pack is broken: libcublas.so.13 is missing.')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Repair' }));
    expect(studio.inputsOf('gpu.install')).toEqual([{ acceptLicence: false }]);
  });
});
