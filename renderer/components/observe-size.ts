import { observeElementRect, type Rect, type Virtualizer } from '@tanstack/react-virtual';

/**
 * Watches the size of a virtualizer's scroller, as its option `observeElementRect`. As long as nothing is laid out, what
 * has no size yet counts as `assumed`, so that the first drawing is not empty.
 */
export function observeSize(assumed: Rect) {
  return <Scroller extends Element, Item extends Element>(
    virtualizer: Virtualizer<Scroller, Item>,
    report: (size: Rect) => void,
  ) =>
    observeElementRect(virtualizer, (size) => {
      report(size.width > 0 && size.height > 0 ? size : assumed);
    });
}
