const lastReload = 'reloaded-for-parts';
/** Loading again within so many milliseconds would not help either. */
const patience = 10_000;

/**
 * A page that is open while Screenfold is replaced by another version asks for parts that are no longer there. It is loaded
 * again then, once.
 */
export function reloadWhenStale(
  target: EventTarget,
  kept: Storage,
  now: () => number,
  reload: () => void,
): void {
  target.addEventListener('vite:preloadError', (event) => {
    if (now() - Number(kept.getItem(lastReload) ?? Number.NEGATIVE_INFINITY) < patience) return;
    event.preventDefault();
    kept.setItem(lastReload, String(now()));
    reload();
  });
}
