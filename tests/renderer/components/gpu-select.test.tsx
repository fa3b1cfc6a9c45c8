import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';

import type { GpuStatus } from '../../../electron/contract/gpu.ts';
import { GpuSelect } from '../../../renderer/components/gpu-select.tsx';
import { fakeStudio, renderWithStudio } from '../fake-studio.tsx';

const gpu = (name: string, busId: string, freeMib: number) => ({
  ...{ name, driver: '580.1', memoryMib: 24_576, freeMib, busId },
});
const two = [gpu('RTX 3060', '01', 2048), gpu('RTX 4090', '02', 20_480)];

function show(gpus: GpuStatus['gpus'], value: string | null = null) {
  const status: GpuStatus = {
    ...{ gpus, pack: null, offer: null, accepted: false, refusal: null },
    licence: { name: 'NVIDIA’s', address: 'https://nvidia.example', points: [] },
  };
  const studio = fakeStudio({ 'gpu.status': () => status, 'gpu.look': () => null });
  const chosen: (string | null)[] = [];
  renderWithStudio(<GpuSelect value={value} onChange={(place) => chosen.push(place)} />, studio);
  return { studio, chosen, user: userEvent.setup() };
}

describe('the choice of a GPU', () => {
  test('is not there where there is one, or none', async () => {
    const { studio } = show(two.slice(0, 1));
    await expect.poll(() => studio.inputsOf('gpu.status').length).toBe(1);
    expect(screen.queryByLabelText('GPU')).toBeNull();
  });

  test('names each with its free memory, looked up anew, and gives the one chosen', async () => {
    const { studio, chosen, user } = show(two);
    await user.click(await screen.findByRole('combobox', { name: 'GPU' }));
    await expect.poll(() => studio.inputsOf('gpu.look').length).toBe(1);
    await user.click(await screen.findByRole('option', { name: '1: RTX 4090, 20 GB of 24 GB free' }));
    expect(chosen).toEqual(['02']);
  });

  test('says so where the one chosen has gone', async () => {
    show(two.slice(0, 1), '07');
    expect(await screen.findByText(/This GPU is not in this computer now/)).toBeTruthy();
  });
});
