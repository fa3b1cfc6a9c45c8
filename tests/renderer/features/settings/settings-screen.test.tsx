import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';

import { type Settings, settingsSchema } from '../../../../electron/contract/system.ts';
import { FollowTheme } from '../../../../renderer/app/follow-theme.tsx';
import { hourlyCost } from '../../../../renderer/components/cost-rate.ts';
import { linesFrom, logText } from '../../../../renderer/features/settings/log-lines.ts';
import { SettingsScreen } from '../../../../renderer/features/settings/settings-screen.tsx';
import { type FakeStudio, fakeStudio, renderWithStudio } from '../../fake-studio.tsx';

function draw(): FakeStudio {
  let settings: Settings = settingsSchema.parse({});
  const studio: FakeStudio = fakeStudio({
    'system.settings': () => settings,
    'system.changeSettings': ({ change }) => {
      settings = settingsSchema.parse({ ...settings, ...change });
      studio.publish('changed', { subjects: ['settings'] });
      return settings;
    },
    'system.info': () => ({
      version: '1.2.3',
      host: 'web',
      platform: 'linux',
      libraryFolder: '/home/me/Screenfold',
      processor: 'A processor',
      cores: 8,
      memoryBytes: 32e9,
      node: '24.0.0',
      electron: null,
      runtime: '1.30.0',
      providers: [
        { provider: 'cuda', available: false, reason: 'There is no NVIDIA GPU.' },
        { provider: 'cpu', available: true, reason: 'Always there.' },
      ],
      update: null,
    }),
    'system.log': () => [
      { time: 0, level: 'info', message: 'opened' },
      { time: 1, level: 'error', message: 'a disk is full' },
    ],
  });
  renderWithStudio(
    <>
      <FollowTheme />
      <SettingsScreen />
    </>,
    studio,
  );
  return studio;
}

describe('settings', () => {
  test('say how small pictures look when they are enlarged: smooth, unless somebody wants to see pixels', async () => {
    draw();
    await userEvent.click(await screen.findByLabelText('Crisp'));
    await waitFor(() => {
      expect(document.documentElement.dataset.enlarged).toBe('crisp');
    });
    await userEvent.click(screen.getByLabelText('Smooth'));
    await waitFor(() => {
      expect(document.documentElement.dataset.enlarged).toBe('smooth');
    });
  });

  test('change the theme at once', async () => {
    draw();
    await userEvent.click(await screen.findByLabelText('Dark'));
    await waitFor(() => {
      expect(document.documentElement.dataset.mantineColorScheme).toBe('dark');
    });
  });

  test('say why a device cannot be used', async () => {
    draw();
    expect(await screen.findByText('There is no NVIDIA GPU.')).toBeDefined();
    expect(screen.getByRole('option', { name: 'CUDA' })).toHaveProperty('disabled', true);
    expect(screen.getByRole('option', { name: 'Best available: CPU' })).toBeDefined();
  });

  test('count electricity by watts and price, kept when the field is left', async () => {
    const studio = draw();
    await userEvent.click(await screen.findByLabelText('Electricity'));
    const watts = await screen.findByLabelText('Power while training');
    await userEvent.clear(watts);
    await userEvent.type(watts, '400');
    await userEvent.tab();
    await waitFor(() => {
      expect(studio.inputsOf('system.changeSettings').at(-1)).toEqual({
        change: { costRate: { kind: 'energy', watts: 400, pricePerKilowattHour: 0.3 } },
      });
    });
    expect(await screen.findByText('€0.12 an hour, €2.88 a day')).toBeDefined();
  });

  test('show of the log what is serious enough', async () => {
    draw();
    expect(await screen.findByText('opened')).toBeDefined();
    await userEvent.click(screen.getByLabelText('Errors'));
    expect(screen.queryByText('opened')).toBeNull();
    expect(screen.getByText('a disk is full')).toBeDefined();
  });
});

test('an hour costs what is said, or what the electricity does', () => {
  expect(hourlyCost({ kind: 'none' })).toBeNull();
  expect(hourlyCost({ kind: 'hourly', pricePerHour: 2 })).toBe(2);
  expect(hourlyCost({ kind: 'energy', watts: 500, pricePerKilowattHour: 0.4 })).toBeCloseTo(0.2);
});

test('lines are copied with the time, the level and the message; unknown levels count as serious', () => {
  const lines = [
    { time: 0, level: 'debug', message: 'a' },
    { time: 1000, level: 'odd', message: 'b' },
  ];
  expect(logText(linesFrom(lines, 'error'))).toBe('1970-01-01T00:00:01.000Z odd b');
});
