import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';

import type { GpuStatus } from '../../../../electron/contract/gpu.ts';
import type { RunRequest } from '../../../../electron/contract/runs.ts';
import type { Edits } from '../../../../renderer/features/train/request-draft.ts';
import { RequestFormContext } from '../../../../renderer/features/train/request-form.ts';
import { ShortenedNumbers } from '../../../../renderer/features/train/shortened-numbers.tsx';
import { exampleRequest } from '../../example-run.ts';
import { fakeStudio, renderWithStudio } from '../../fake-studio.tsx';

const card = { name: 'RTX 3060', driver: '580.1', memoryMib: 24_576, freeMib: 2048, busId: '01' };

function show(provider: RunRequest['provider'], gpus: GpuStatus['gpus']) {
  const status: GpuStatus = {
    ...{ gpus, pack: null, offer: null, accepted: false, refusal: null },
    licence: { name: 'NVIDIA’s', address: 'https://nvidia.example', points: [] },
  };
  const studio = fakeStudio({ 'gpu.status': () => status });
  const edits: Edits[] = [];
  const form = {
    request: { ...exampleRequest, provider },
    edit: (change: Edits) => edits.push(change),
    message: () => undefined,
    warning: () => undefined,
    currency: 'EUR',
  };
  renderWithStudio(
    <RequestFormContext value={form}>
      <ShortenedNumbers />
    </RequestFormContext>,
    studio,
  );
  return { studio, edits };
}

describe('shortened numbers', () => {
  test('can be chosen where an NVIDIA GPU may be computed on', async () => {
    const { edits } = show(null, [card]);
    await userEvent.setup().click(await screen.findByRole('switch', { name: /Shortened numbers/ }));
    expect(edits).toEqual([{ tf32: true }]);
  });

  test('are not spoken of on another device, or without such a GPU', async () => {
    for (const [provider, gpus] of [
      ['cpu', [card]],
      [null, []],
    ] as const) {
      const { studio } = show(provider, [...gpus]);
      await expect.poll(() => studio.inputsOf('gpu.status').length).toBe(1);
      expect(screen.queryByRole('switch')).toBeNull();
    }
  });
});
