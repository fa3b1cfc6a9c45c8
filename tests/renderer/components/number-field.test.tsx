import { MantineProvider } from '@mantine/core';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { describe, expect, test } from 'vitest';

import { KeptNumberField } from '../../../renderer/components/kept-number-field.tsx';
import { NumberField } from '../../../renderer/components/number-field.tsx';

function show(field: 'said' | 'kept', bounds: { min?: number; max?: number; whole?: boolean } = {}) {
  const said: number[] = [];
  const { whole = false, ...ends } = bounds;
  function Field() {
    const [value, setValue] = useState(5);
    const take = (next: number) => {
      said.push(next);
      setValue(next);
    };
    return field === 'said' ? (
      <NumberField label="Amount" value={value} onChange={take} {...ends} />
    ) : (
      <KeptNumberField label="Amount" value={value} onKeep={take} whole={whole} {...ends} />
    );
  }
  render(
    <MantineProvider env="test">
      <Field />
      <button type="button">elsewhere</button>
    </MantineProvider>,
  );
  const input = screen.getByLabelText<HTMLInputElement>('Amount');
  return { said, input, user: userEvent.setup() };
}

describe('a number field', () => {
  test('takes numbers as papers write them, and says what is none', async () => {
    const { said, input, user } = show('said');
    await user.clear(input);
    await user.type(input, '1e-5');
    expect(input.value).toBe('1e-5');
    expect(said.at(-1)).toBe(1e-5);
    expect(said[0]).toBeNaN();
  });

  test('steps with the arrows, no further than its ends', async () => {
    const { said, input, user } = show('said', { min: 4, max: 6 });
    await user.click(input);
    await user.keyboard('{ArrowUp}{ArrowUp}{ArrowDown}{ArrowDown}{ArrowDown}');
    expect(said).toEqual([6, 6, 5, 4, 4]);
  });
});

describe('a number that is kept', () => {
  test('counts when its field is left, and not before', async () => {
    const { said, input, user } = show('kept');
    await user.clear(input);
    await user.type(input, '12');
    expect(said).toEqual([]);
    await user.click(screen.getByRole('button'));
    expect(said).toEqual([12]);
  });

  test('counts when Enter is pressed, once', async () => {
    const { said, input, user } = show('kept');
    await user.clear(input);
    await user.type(input, '7{Enter}');
    await user.click(screen.getByRole('button'));
    expect(said).toEqual([7]);
  });

  test.each([
    ['nonsense', []],
    ['2.5', []],
    ['99', [8]],
    ['0', [1]],
  ])('%s becomes %j where whole numbers from 1 to 8 count', async (typed, kept) => {
    const { said, input, user } = show('kept', { min: 1, max: 8, whole: true });
    await user.clear(input);
    await user.type(input, typed);
    await user.click(screen.getByRole('button'));
    expect(said).toEqual(kept);
    expect(input.value).toBe(String(kept[0] ?? 5));
  });
});
