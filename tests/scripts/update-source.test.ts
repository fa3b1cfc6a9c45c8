import { expect, test } from 'vitest';

import { updateSource } from '../../scripts/update-source.ts';

test('updates are fetched by https or not at all', () => {
  expect(updateSource(undefined)).toBeUndefined();
  expect(updateSource('')).toBeUndefined();
  expect(updateSource('https://updates.example/screenfold')).toBe('https://updates.example/screenfold');
  for (const address of [
    'http://updates.example',
    'ftp://updates.example',
    'file:///updates',
    'updates.example',
    'HTTPS',
  ])
    expect(() => updateSource(address)).toThrow('by https alone');
});
