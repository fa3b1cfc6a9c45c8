import { useElementSize } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type MouseEvent, useCallback, useEffect, useMemo, useRef } from 'react';

import type { ImageQuery } from '../../../../electron/contract/datasets.ts';
import { useView } from '../use-view.tsx';
import { gap, gridLayout } from './grid-layout.ts';
import { GridRow } from './grid-row.tsx';
import classes from './image-grid.module.css';
import { movedBy } from './selection.ts';
import { useSelecting } from './use-selecting.ts';

/**
 * All images of a query, however many: only the rows in sight are there. `onKey` is asked first for keys that do
 * something with the selection, and says whether it took them.
 */
export function ImageGrid({
  datasetId,
  query,
  count,
  onKey,
}: {
  datasetId: number;
  query: ImageQuery;
  count: number;
  onKey: (event: KeyboardEvent) => boolean;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const { ref: measured, width } = useElementSize();
  const wanted = useView(({ tile }) => tile);
  const cursor = useView(({ selection }) => selection.cursor);
  const layout = useMemo(
    () => gridLayout({ width: Math.max(1, Math.floor(width)), count, wanted }),
    [width, count, wanted],
  );
  const { columns, rows, tile, rowHeight } = layout;
  const virtualizer = useVirtualizer({
    count: width === 0 ? 0 : rows,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 3,
    paddingStart: gap,
    paddingEnd: gap,
    useFlushSync: false,
  });
  useEffect(() => {
    virtualizer.measure();
  }, [virtualizer, rowHeight]);
  // Other images: from the top.
  useEffect(() => {
    virtualizer.scrollToOffset(0);
  }, [virtualizer, query]);
  const isScrolling = useCallback(() => virtualizer.isScrolling, [virtualizer]);

  const selecting = useSelecting(datasetId, query);
  const show = (position: number) => {
    virtualizer.scrollToIndex(Math.floor(position / columns), { align: 'auto' });
  };
  const onClick = (event: MouseEvent) => {
    const target = (event.target as Element).closest<HTMLElement>('[data-id]');
    if (target === null) return;
    const spot = { position: Number(target.dataset.position), id: Number(target.dataset.id) };
    if (event.shiftKey) selecting.extend(spot.position);
    else if (event.ctrlKey || event.metaKey) selecting.toggle(spot);
    else selecting.one(spot);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'a' && (event.ctrlKey || event.metaKey)) selecting.all();
    else if (event.key === 'Escape') selecting.none();
    else if (event.key === ' ' && cursor !== null) selecting.toggleAt(cursor);
    else {
      const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight));
      const to = event.ctrlKey || event.metaKey ? null : movedBy(event.key, cursor, { columns, count, page });
      if (to === null) {
        if (!onKey(event)) return;
      } else {
        if (event.shiftKey) selecting.extend(to);
        else selecting.oneAt(to);
        show(to);
      }
    }
    event.preventDefault();
  };

  return (
    <div
      ref={scroller}
      className={classes.grid}
      role="listbox"
      aria-label="Images"
      aria-multiselectable
      aria-activedescendant={cursor === null ? undefined : `tile-${cursor}`}
      tabIndex={0}
      onClick={onClick}
      onKeyDown={onKeyDown}
    >
      <div ref={measured} className={classes.all} style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map(({ key, index, start }) => (
          <GridRow
            key={key}
            datasetId={datasetId}
            query={query}
            first={index * columns}
            columns={columns}
            count={count}
            top={start}
            tile={tile}
            isScrolling={isScrolling}
          />
        ))}
      </div>
    </div>
  );
}
