import { useEffect, useRef } from 'react';

import { Picture } from '../../components/pictures/picture.tsx';
import { sampleAddress } from '../../components/pictures/sample-address.ts';
import { type Coordinates, moved } from './axes.ts';
import { type Book, cellAt } from './book.ts';
import { epochText } from './labels.ts';
import classes from './large-view.module.css';

const states = {
  queued: 'Queued',
  making: 'Making',
  failed: 'Failed',
  missing: 'Not made',
  'no-checkpoint': '',
  'held-out': '',
} as const;

/** The same picture at every epoch, small, one of them being looked at. */
export function EpochStrip({
  book,
  place,
  epochs,
  aspect,
  onEpoch,
}: {
  book: Book;
  place: Coordinates;
  epochs: readonly number[];
  aspect: number;
  onEpoch: (epoch: number) => void;
}) {
  const current = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    current.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [place.epoch]);
  return (
    <div className={classes.strip} role="group" aria-label="Epochs">
      {epochs.map((epoch) => {
        const cell = cellAt(book, moved(place, 'epoch', epoch));
        const here = epoch === place.epoch;
        return (
          <button
            key={epoch}
            ref={here ? current : undefined}
            type="button"
            className={classes.stop}
            aria-pressed={here}
            aria-label={epochText(epoch)}
            // Scrubbing is by keys and the ruler; the strip is one stop fewer on the way.
            tabIndex={-1}
            onClick={() => {
              onEpoch(epoch);
            }}
          >
            <span className={classes.thumbnail} style={{ aspectRatio: aspect }}>
              {cell.kind === 'ready' ? (
                <Picture address={sampleAddress(cell.sample)} alt="" />
              ) : (
                <span className={classes.stopState}>{states[cell.kind]}</span>
              )}
            </span>
            <span className={`${classes.stopName} figures`}>{epoch === 0 ? 'Base' : epoch}</span>
          </button>
        );
      })}
    </div>
  );
}
