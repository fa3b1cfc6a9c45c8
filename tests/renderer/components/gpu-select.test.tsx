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

function show(gpus: NonNullable<GpuStatus['gpus']>, value: string | null = null) {
  const status: GpuStatus = {
    ...{ gpus, pack: null, offer: null, accepted: false, refusal: null },
    licence: { name: 'NVIDIA’s', address: 'https://nvidia.example', points: [] },
  };
  let freeMib = 20_480;
  const studio = fakeStudio({
    'gpu.status': () => status,
    // Each time others have taken 2 GB more.
    'gpu.load': () => {
      freeMib -= 2048;
      return gpus.map(({ name, busId, memoryMib }) => ({
        ...{ name, busId, memoryMib, freeMib, utilization: 0, temperature: 40 },
      }));
    },
  });
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

  test('names each with its free memory, asked of the driver at each opening, and gives the one chosen', async () => {
    const { studio, chosen, user } = show(two);
    const field = await screen.findByRole('combobox', { name: 'GPU' });
    expect(studio.inputsOf('gpu.load')).toEqual([]);
    await user.click(field);
    expect(await screen.findByRole('option', { name: '1: RTX 4090, 18 GB of 24 GB free' })).toBeTruthy();
    await user.click(field);
    await user.click(field);
    await user.click(await screen.findByRole('option', { name: '1: RTX 4090, 16 GB of 24 GB free' }));
    expect(chosen).toEqual(['02']);
  });

  test('says so where the one chosen has gone', async () => {
    show(two.slice(0, 1), '07');
    expect(await screen.findByText(/This GPU is not in this computer now/)).toBeTruthy();
  });
});
