import { useEffect } from 'react';
import { useLocation, useSearch } from 'wouter';

import { type Book, placeOf } from './book.ts';
import { goToPlace } from './navigation.ts';
import type { ChangeView } from './use-view.ts';

/** Opens the picture that `&sample=7` names, once, as soon as it is known where it stands. */
export function useNamedSample(book: Book | null, change: ChangeView): void {
  const search = useSearch();
  const [, navigate] = useLocation();
  useEffect(() => {
    const params = new URLSearchParams(search);
    const id = Number(params.get('sample') ?? 0);
    if (id === 0 || book === null) return;
    const sample = [...book.samples.values()].find((one) => one.id === id);
    const place = sample === undefined ? null : placeOf(sample);
    if (place !== null) change((view) => ({ ...goToPlace(view, book, place), open: 'large' }));
    params.delete('sample');
    navigate(`/compare?${params.toString()}`, { replace: true });
  }, [search, book, change, navigate]);
}
