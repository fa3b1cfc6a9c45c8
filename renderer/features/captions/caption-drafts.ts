import { createStore } from 'zustand/vanilla';

/** What was typed and is not written yet, by image, in one caption set. */
export interface Drafts {
  readonly texts: ReadonlyMap<number, string>;
}

export function createDrafts() {
  return createStore<Drafts>(() => ({ texts: new Map() }));
}
export type DraftStore = ReturnType<typeof createDrafts>;

export function draft(store: DraftStore, imageId: number, text: string): void {
  store.setState(({ texts }) => ({ texts: new Map(texts).set(imageId, text) }));
}

/** Forgets a draft, if it still is what was written: what was typed meanwhile stays. */
export function written(store: DraftStore, imageId: number, text: string): void {
  store.setState((state) => {
    if (state.texts.get(imageId) !== text) return state;
    const texts = new Map(state.texts);
    texts.delete(imageId);
    return { texts };
  });
}

export function discard(store: DraftStore, imageId: number): void {
  store.setState(({ texts }) => {
    const left = new Map(texts);
    left.delete(imageId);
    return { texts: left };
  });
}

/** A cleared field takes the caption away; the empty caption is asked for by name. */
export function captionOf(text: string): string | null {
  const caption = text.trim();
  return caption === '' ? null : caption;
}

/** Where writing begins: at the image that is named, else at the first that is selected, else at the first that is wanted. */
export function firstPlace(
  order: readonly number[],
  named: number,
  selected: ReadonlySet<number>,
  wanted: ReadonlySet<number>,
): number {
  const places = [
    order.indexOf(named),
    order.findIndex((id) => selected.has(id)),
    order.findIndex((id) => wanted.has(id)),
  ];
  return places.find((place) => place >= 0) ?? 0;
}

/** The next place after `from`, around the end, whose image is wanted; null where there is none. */
export function nextWanted(
  order: readonly number[],
  from: number,
  wanted: ReadonlySet<number>,
): number | null {
  for (let step = 1; step <= order.length; step += 1) {
    const at = (from + step) % order.length;
    if (at !== from && wanted.has(order[at]!)) return at;
  }
  return null;
}
