import { describe, expect, test } from 'vitest';

import { belongsToControl } from '../../../renderer/components/use-keys.ts';

/** The element marked `data-here` of some HTML. */
function on(html: string): Element {
  document.body.innerHTML = html;
  return document.querySelector('[data-here]')!;
}

const field = '<input type="text" data-here>';
const radio = '<div role="radiogroup"><input type="radio" data-here></div>';
const slider = '<div role="slider" data-here></div>';
const button = '<button data-here>Go</button>';
const inDialog = '<div role="dialog"><button data-here>Go</button></div>';
const openList = '<input type="text" aria-expanded="true" data-here>';

describe('a key', () => {
  test.each([
    ['f', field],
    ['ArrowLeft', field],
    ['ArrowLeft', radio],
    ['Home', slider],
    [' ', button],
    ['Enter', button],
    ['f', inDialog],
    ['Escape', inDialog],
    ['Escape', openList],
  ])('%s is for the control in %s', (key, html) => {
    expect(belongsToControl({ target: on(html), key })).toBe(true);
  });

  test.each([
    ['Escape', field],
    ['Escape', radio],
    ['f', radio],
    ['f', slider],
    ['ArrowLeft', button],
    ['f', button],
    [' ', '<div data-here></div>'],
  ])('%s is for what is around the control in %s', (key, html) => {
    expect(belongsToControl({ target: on(html), key })).toBe(false);
  });
});
