import { memo, useEffect, useState } from 'react';

import type { ImageQuery, ImageRow } from '../../../../electron/contract/datasets.ts';
import { useCutTexts } from '../../../components/read-texts.ts';
import { useStudioQuery } from '../../../studio/studio.tsx';
import { useDraft } from '../../train/draft-context.ts';
import { pageSize, pagesOf } from './grid-layout.ts';
import classes from './image-grid.module.css';
import { ImageTile } from './image-tile.tsx';

/** Milliseconds a row has to stay before it asks for its pictures: rows that fly by ask for nothing. */
const settles = 90;

/** One row of the grid, in its place. Asks for the one or two pages that its images lie on. */
export const GridRow = memo(function GridRow({
  datasetId,
  query,
  first,
  columns,
  count,
  top,
  tile,
  isScrolling,
}: {
  datasetId: number;
  query: ImageQuery;
  /** Position of its first image. */
  first: number;
  columns: number;
  /** Of all images. */
  count: number;
  /** In pixels from the top of the grid. */
  top: number;
  tile: number;
  isScrolling: () => boolean;
}) {
  const settled = useSettled(isScrolling);
  const last = Math.min(count, first + columns) - 1;
  const pages = pagesOf(first, last);
  const ask = (offset: number) => ({ datasetId, query, offset, limit: pageSize });
  const choice = { enabled: settled, keepPrevious: true };
  const { data: here } = useStudioQuery('datasets.images', ask(pages.first), choice);
  const { data: beyond } = useStudioQuery('datasets.images', ask(pages.last), choice);
  const rowAt = (position: number): ImageRow | undefined => {
    const [page, from] = position < pages.last ? [here, pages.first] : [beyond, pages.last];
    return page?.rows[position - from];
  };
  const shown = Array.from({ length: last - first + 1 }, (_, at) =>
    settled ? rowAt(first + at) : undefined,
  );
  const { choice: chosen, edits } = useDraft();
  const cut = useCutTexts(
    shown.map((row) => row?.caption ?? ''),
    chosen.baseModelId,
    edits.train?.captionTokens,
  );
  return (
    <div
      className={classes.row}
      role="presentation"
      style={{ top, gridTemplateColumns: `repeat(${columns}, ${tile}px)` }}
    >
      {shown.map((row, at) => (
        <ImageTile
          key={at}
          row={row}
          cut={cut.get(row?.caption ?? '')?.short}
          cutNote={cut.get(row?.caption ?? '')?.long}
          position={first + at}
          count={count}
          tile={tile}
        />
      ))}
    </div>
  );
});

/** At once where the grid stands still, else when the row has stayed for a moment. */
function useSettled(isScrolling: () => boolean): boolean {
  const [settled, setSettled] = useState(() => !isScrolling());
  useEffect(() => {
    if (settled) return undefined;
    const timer = setTimeout(() => {
      setSettled(true);
    }, settles);
    return () => {
      clearTimeout(timer);
    };
  }, [settled]);
  return settled;
}
