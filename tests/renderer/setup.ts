/** What Mantine asks of a browser and jsdom does not have. */
import { cleanup, configure } from '@testing-library/react';
import { afterEach } from 'vitest';

afterEach(cleanup);
// A second is little on a machine that trains beside the tests.
configure({ asyncUtilTimeout: 15_000 });

const nothing = () => undefined;

window.matchMedia = (query) =>
  Object.assign(new EventTarget(), {
    matches: false,
    media: query,
    onchange: null,
    addListener: nothing,
    removeListener: nothing,
  });
window.ResizeObserver = class implements ResizeObserver {
  readonly observe = nothing;
  readonly unobserve = nothing;
  readonly disconnect = nothing;
};
window.HTMLElement.prototype.scrollIntoView = nothing;
Object.defineProperty(document, 'fonts', { value: new EventTarget() });
