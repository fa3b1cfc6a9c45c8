import { pan, wheelFactor, zoomAt, zoomTransform } from './zoom.ts';
import type { ZoomStore } from './zoom-store.ts';

export type Wheel = 'always' | 'with-ctrl';

/** Pixels the pointer may wander in a click. */
const clickSlack = 4;

/** Lets the wheel and the pointer over frames in `area` change the zoom, and CSS in it follow. @returns its end */
export function attachZoom(area: HTMLElement, store: ZoomStore, wheel: Wheel): () => void {
  const draw = () => {
    const zoom = store.getState();
    area.style.setProperty('--sf-zoom', zoomTransform(zoom));
    area.toggleAttribute('data-zoomed', zoom.scale > 1);
  };
  const frameOf = ({ target }: Event) =>
    target instanceof Element ? target.closest<HTMLElement>('[data-zoom-frame]') : null;

  const onWheel = (event: WheelEvent) => {
    const frame = frameOf(event);
    if (frame === null || (wheel === 'with-ctrl' && !(event.ctrlKey || event.metaKey))) return;
    event.preventDefault();
    const { left, top, width, height } = frame.getBoundingClientRect();
    const factor = wheelFactor(event.deltaMode === 1 ? event.deltaY * 20 : event.deltaY);
    store.setState((zoom) =>
      zoomAt(zoom, factor, (event.clientX - left) / width, (event.clientY - top) / height),
    );
  };
  const onPointerDown = (event: PointerEvent) => {
    const frame = frameOf(event);
    if (frame === null || event.button !== 0 || store.getState().scale === 1) return;
    drag(area, frame, event, store);
  };

  draw();
  const unsubscribe = store.subscribe(draw);
  // Not passive: the browser would zoom the page.
  area.addEventListener('wheel', onWheel, { passive: false });
  area.addEventListener('pointerdown', onPointerDown);
  return () => {
    unsubscribe();
    area.removeEventListener('wheel', onWheel);
    area.removeEventListener('pointerdown', onPointerDown);
  };
}

function drag(area: HTMLElement, frame: HTMLElement, start: PointerEvent, store: ZoomStore): void {
  const { width, height } = frame.getBoundingClientRect();
  let [x, y] = [start.clientX, start.clientY];
  let dragged = false;
  const move = (event: PointerEvent) => {
    if (event.pointerId !== start.pointerId) return;
    dragged ||= Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) > clickSlack;
    if (!dragged) return;
    area.setAttribute('data-dragging', '');
    const [dx, dy] = [event.clientX - x, event.clientY - y];
    [x, y] = [event.clientX, event.clientY];
    store.setState((zoom) => pan(zoom, dx / width, dy / height));
  };
  const end = (event: PointerEvent) => {
    if (event.pointerId !== start.pointerId) return;
    area.removeAttribute('data-dragging');
    window.removeEventListener('pointermove', move);
    window.removeEventListener('pointerup', end);
    window.removeEventListener('pointercancel', end);
    // The click that ends a drag opens nothing.
    if (dragged) swallowClick(area);
  };
  window.addEventListener('pointermove', move);
  window.addEventListener('pointerup', end);
  window.addEventListener('pointercancel', end);
}

function swallowClick(area: HTMLElement): void {
  const swallow = (event: Event) => {
    event.stopPropagation();
  };
  area.addEventListener('click', swallow, { capture: true, once: true });
  setTimeout(() => {
    area.removeEventListener('click', swallow, { capture: true });
  });
}
