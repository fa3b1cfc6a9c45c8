import { expect, test } from 'vitest';

import { reloadWhenStale } from '../../../renderer/app/stale-page.ts';

test('a page whose parts are gone is loaded again, once and not over and over', () => {
  const page = new EventTarget();
  let now = 1_000_000;
  let reloads = 0;
  reloadWhenStale(
    page,
    sessionStorage,
    () => now,
    () => (reloads += 1),
  );
  const lacksPart = () => page.dispatchEvent(new Event('vite:preloadError', { cancelable: true }));
  expect(lacksPart()).toBe(false);
  expect(reloads).toBe(1);
  now += 1000;
  // Left to whoever tells of errors.
  expect(lacksPart()).toBe(true);
  expect(reloads).toBe(1);
  now += 60_000;
  lacksPart();
  expect(reloads).toBe(2);
});
