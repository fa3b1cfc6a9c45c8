import { IconEyeOff, IconFlask2 } from '@tabler/icons-react';
import { memo } from 'react';

import type { ImageRow } from '../../../../electron/contract/datasets.ts';
import { media } from '../../../studio/media.ts';
import { useView } from '../use-view.tsx';
import { showsCaption } from './grid-layout.ts';
import classes from './image-grid.module.css';

/** One picture of the grid. Clicks are taken by the grid, so that no tile has a function of its own. */
export const ImageTile = memo(function ImageTile({
  row,
  cut,
  cutNote,
  position,
  count,
  tile,
}: {
  /** Undefined until it is known which image this is. */
  row: ImageRow | undefined;
  /** `103 of 75`, and the same as a sentence, where the base does not read all of its caption. */
  cut: string | undefined;
  cutNote: string | undefined;
  position: number;
  count: number;
  /** Side of the picture, in pixels. */
  tile: number;
}) {
  const selected = useView(({ selection }) => row !== undefined && selection.ids.has(row.id));
  const current = useView(({ selection }) => selection.cursor === position);
  return (
    <div
      id={`tile-${position}`}
      className={classes.tile}
      role="option"
      aria-selected={selected}
      aria-posinset={position + 1}
      aria-setsize={count}
      aria-label={row === undefined ? 'Loading' : labelOf(row, cutNote)}
      data-position={position}
      data-id={row?.id}
      data-selected={selected || undefined}
      data-current={current || undefined}
      data-excluded={row?.excluded === true || undefined}
      title={row === undefined ? undefined : [row.file, cutNote].filter(Boolean).join('\n')}
    >
      <div className={classes.picture}>
        {row !== undefined && (
          <img
            src={media.thumbnail(row.id)}
            alt=""
            decoding="async"
            draggable={false}
            data-enlarged={tile >= 2 * Math.max(row.width, row.height) || undefined}
          />
        )}
        {cut !== undefined && showsCaption(tile) && <span className={`${classes.cut} figures`}>{cut}</span>}
        {row?.heldOut === true && (
          <span className={classes.mark}>
            <IconFlask2 size={14} aria-hidden />
          </span>
        )}
        {row?.excluded === true && (
          <span className={classes.mark}>
            <IconEyeOff size={14} aria-hidden />
          </span>
        )}
      </div>
      {showsCaption(tile) && (
        <p className={classes.caption} data-none={row?.caption === null || undefined}>
          {row === undefined ? '' : captionText(row.caption)}
        </p>
      )}
    </div>
  );
});

function captionText(caption: string | null): string {
  if (caption === null) return 'No caption';
  return caption === '' ? 'no words' : caption;
}

function labelOf({ file, caption, heldOut, excluded }: ImageRow, cutNote = ''): string {
  return [file, captionText(caption), cutNote, heldOut ? 'held out' : '', excluded ? 'excluded' : '']
    .filter((part) => part !== '')
    .join(', ');
}
