import { notifications } from '@mantine/notifications';
import { act, screen } from '@testing-library/react';
import { expect, test } from 'vitest';

import { showFailure } from '../../../renderer/studio/failure.ts';
import { fakeStudio, renderWithStudio } from '../fake-studio.tsx';

test('a notice is red where something failed, and nowhere else', async () => {
  renderWithStudio(null, fakeStudio({}));
  act(() => {
    notifications.show({ title: 'Added to the models', message: 'See under Models.' });
    showFailure(new Error('The disk is full.'));
  });
  const colour = async (title: string) =>
    (await screen.findByText(title))
      .closest<HTMLElement>('[role="alert"]')
      ?.style.getPropertyValue('--notification-color');
  expect(await colour('Added to the models')).toBe('var(--mantine-color-gray-filled)');
  expect(await colour('The disk is full.')).toBe('var(--mantine-color-red-filled)');
});
