import { Button } from '@mantine/core';
import { IconArrowLeft } from '@tabler/icons-react';
import { useState } from 'react';

import { EmptyState } from '../../components/empty-state.tsx';
import { PairView } from '../../components/pictures/pair-view.tsx';
import { sampleAddress } from '../../components/pictures/sample-address.ts';
import type { Side } from '../../components/pictures/side.ts';
import type { ZoomStore } from '../../components/pictures/zoom-store.ts';
import { promptText } from '../../components/prompt-text.ts';
import type { Coordinates } from './axes.ts';
import { type Book, cellAt } from './book.ts';
import classes from './compare-screen.module.css';
import { placeText } from './labels.ts';

/** Two pictures of the comparison against each other. */
export function PairScreen({
  book,
  a,
  b,
  zoom,
  onClose,
}: {
  book: Book;
  a: Coordinates;
  b: Coordinates;
  zoom: ZoomStore;
  onClose: () => void;
}) {
  const [swapped, setSwapped] = useState(false);
  const sides = (swapped ? [b, a] : [a, b]).map((place) => sideOf(book, place));
  const [first, second] = sides;
  const back = (
    <Button
      variant="subtle"
      color="gray"
      size="compact-sm"
      style={{ flex: 'none' }}
      leftSection={<IconArrowLeft size={16} aria-hidden />}
      onClick={onClose}
    >
      Grid
    </Button>
  );
  return (
    <div className={classes.over} role="region" aria-label="Two pictures">
      {first && second ? (
        <PairView
          a={first}
          b={second}
          zoom={zoom}
          before={back}
          onSwap={() => {
            setSwapped(!swapped);
          }}
        />
      ) : (
        <EmptyState icon={null} title="One of the two is not made yet" action={back}>
          It appears here as soon as it is.
        </EmptyState>
      )}
    </div>
  );
}

function sideOf(book: Book, place: Coordinates): Side | null {
  const cell = cellAt(book, place);
  if (cell.kind !== 'ready') return null;
  const { recipe } = cell.sample;
  return {
    address: sampleAddress(cell.sample),
    title: placeText(book, place),
    detail: promptText(cell.sample),
    width: recipe.width,
    height: recipe.height,
  };
}
