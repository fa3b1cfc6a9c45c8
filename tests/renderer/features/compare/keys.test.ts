import { describe, expect, test } from 'vitest';

import { commandOf, type KeyPress } from '../../../../renderer/features/compare/keys.ts';

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
  key,
  code: /^[1-4]$/.test(key) ? `Digit${key}` : key,
  shiftKey: false,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  ...more,
});

describe('keys', () => {
  test('arrows move over the grid, and scrub over a large picture', () => {
    expect(commandOf(press('ArrowRight'), 'grid')).toEqual({ kind: 'move', rows: 0, columns: 1 });
    expect(commandOf(press('ArrowRight'), 'large')).toEqual({ kind: 'step', axis: 'epoch', by: 1 });
    expect(commandOf(press('ArrowDown'), 'large')).toEqual({ kind: 'step', axis: 'prompt', by: 1 });
  });

  test('shift and an arrow scrub over the grid, too', () => {
    const shiftKey = true;
    expect(commandOf(press('ArrowLeft', { shiftKey }), 'grid')).toEqual({
      kind: 'step',
      axis: 'epoch',
      by: -1,
    });
    expect(commandOf(press('ArrowUp', { shiftKey }), 'grid')).toEqual({ kind: 'step', axis: 'seed', by: -1 });
  });

  test('digits choose the axis across, with shift the one down', () => {
    expect(commandOf(press('4'), 'grid')).toEqual({ kind: 'span', direction: 'columns', axis: 'run' });
    const shifted = press('"', { code: 'Digit2', shiftKey: true });
    expect(commandOf(shifted, 'grid')).toEqual({ kind: 'span', direction: 'rows', axis: 'prompt' });
  });

  test('letters mean the same with caps lock', () => {
    expect(commandOf(press('F'), 'grid')).toEqual(commandOf(press('f'), 'grid'));
  });

  test('what the browser uses is left to it', () => {
    expect(commandOf(press('f', { ctrlKey: true }), 'grid')).toBeNull();
    expect(commandOf(press('c', { metaKey: true }), 'grid')).toBeNull();
    expect(commandOf(press('ArrowLeft', { altKey: true }), 'large')).toBeNull();
    expect(commandOf(press('Tab'), 'grid')).toBeNull();
  });
});
