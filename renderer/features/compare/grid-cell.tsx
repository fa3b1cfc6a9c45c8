import { Loader } from '@mantine/core';
import { IconAlertTriangle, IconHourglassEmpty, IconStarFilled } from '@tabler/icons-react';
import { memo } from 'react';

import { Picture } from '../../components/pictures/picture.tsx';
import { sampleAddress } from '../../components/pictures/sample-address.ts';
import { media } from '../../studio/media.ts';
import type { Cell } from './book.ts';
import classes from './comparison-grid.module.css';

/** What a cell shows, whatever is there. */
export const CellContent = memo(function CellContent({
  cell,
  alt,
  pixelated,
  ready,
}: {
  cell: Cell;
  alt: string;
  pixelated: boolean;
  ready: boolean;
}) {
  switch (cell.kind) {
    case 'ready':
      return (
        <>
          <Picture address={sampleAddress(cell.sample)} alt={alt} pixelated={pixelated} ready={ready} />
          {cell.sample.favourite && (
            <IconStarFilled className={classes.star} size={16} aria-label="Favourite" role="img" />
          )}
        </>
      );
    case 'held-out':
      return cell.imageId === null ? null : (
        <Picture address={media.image(cell.imageId)} alt={`Held-out image: ${alt}`} />
      );
    case 'making':
      return (
        <State>
          <Loader size={16} aria-hidden /> Making
        </State>
      );
    case 'queued':
      return (
        <State>
          <IconHourglassEmpty size={16} stroke={1.6} aria-hidden /> Queued
        </State>
      );
    case 'failed':
      return (
        <span className={classes.state} data-failed title={cell.failure.message}>
          <IconAlertTriangle size={16} stroke={1.8} aria-hidden /> Failed
          <span className={classes.reason}>{cell.failure.message}</span>
        </span>
      );
    case 'missing':
      return <State>Not made</State>;
    case 'no-checkpoint':
      return <State>No checkpoint</State>;
  }
});

function State({ children }: { children: React.ReactNode }) {
  return <span className={classes.state}>{children}</span>;
}
