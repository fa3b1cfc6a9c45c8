import { useEffect, useEffectEvent } from 'react';

/** Where keys are the control's own. */
const ownKeys =
  'input, textarea, select, [contenteditable="true"], [role="dialog"], [role="menu"], [role="listbox"], [role="slider"], [role="radiogroup"]';
const pressed = 'button, a, [role="button"], summary';

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

export function belongsToControl({ target, key }: Pick<KeyboardEvent, 'target' | 'key'>): boolean {
  if (!(target instanceof Element)) return false;
  if (target.closest(ownKeys) !== null) return true;
  return (key === ' ' || key === 'Enter') && target.closest(pressed) !== null;
}
