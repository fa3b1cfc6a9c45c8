import { useEffect, useEffectEvent } from 'react';

const overlay = '[role="dialog"], [role="menu"], [role="listbox"]';
const typed =
  'textarea, select, [contenteditable="true"], input:not([type="radio"], [type="checkbox"], [type="range"])';
const moved = 'input, [role="slider"], [role="radiogroup"]';
const pressed = 'button, a, [role="button"], summary';
const moves = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End', 'PageUp', 'PageDown'];

/**
 * Calls `listener` for every key pressed while no control wants it for itself: typing types, and Space on a button
 * presses the button. The listener says whether the key meant something.
 */
export function useKeys(listener: (event: KeyboardEvent) => boolean): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (event.defaultPrevented || belongsToControl(event)) return;
    if (listener(event)) event.preventDefault();
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      onKey(event);
    };
    window.addEventListener('keydown', listen);
    return () => {
      window.removeEventListener('keydown', listen);
    };
  }, []);
}

/** Whether a key is for the control it was pressed on, and for nobody around it. */
export function belongsToControl({ target, key }: Pick<KeyboardEvent, 'target' | 'key'>): boolean {
  if (!(target instanceof Element)) return false;
  const on = (what: string) => target.closest(what) !== null;
  if (on(overlay) || target.getAttribute('aria-expanded') === 'true') return true;
  if (key === 'Escape') return false;
  if (on(typed)) return true;
  if (key === ' ' || key === 'Enter') return on(pressed) || on(moved);
  return moves.includes(key) && on(moved);
}
