import { Center, Loader, Text } from '@mantine/core';
import { useEffect, useMemo, useRef, useState } from 'react';

import { FailureNote } from '../failure-note.tsx';
import { differenceOf } from './difference.ts';
import { FittedFrame } from './fitted-frame.tsx';
import classes from './pair-view.module.css';
import { readPixels } from './read-pixels.ts';
import type { Side } from './side.ts';
import type { ZoomStore } from './zoom-store.ts';

interface Bytes {
  readonly of: string;
  readonly a: Uint8ClampedArray;
  readonly b: Uint8ClampedArray;
}

/** What differs between two pictures, channel by channel, amplified; black where they are the same. */
export function DifferenceView({
  a,
  b,
  zoom,
  amplification,
}: {
  a: Side;
  b: Side;
  zoom: ZoomStore;
  amplification: number;
}) {
  const { width, height } = a;
  const of = `${a.address} ${b.address}`;
  const [bytes, setBytes] = useState<Bytes | null>(null);
  const [error, setError] = useState<unknown>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const difference = useMemo(
    () => (bytes?.of === of ? differenceOf(bytes.a, bytes.b, amplification) : null),
    [bytes, of, amplification],
  );

  useEffect(() => {
    let current = true;
    Promise.all([readPixels(a.address, width, height), readPixels(b.address, width, height)]).then(
      ([first, second]) => {
        if (current) setBytes({ of, a: first, b: second });
      },
      (reason: unknown) => {
        if (current) setError(reason);
      },
    );
    return () => {
      current = false;
    };
  }, [a.address, b.address, of, width, height]);

  useEffect(() => {
    if (difference === null) return;
    canvas.current?.getContext('2d')?.putImageData(new ImageData(difference.pixels, width, height), 0, 0);
  }, [difference, width, height]);

  if (error !== null) return <FailureNote error={error} />;
  return (
    <FittedFrame width={width} height={height} zoom={zoom}>
      {(pixelated) => (
        <>
          <canvas
            ref={canvas}
            width={width}
            height={height}
            className={classes.canvas}
            data-pixelated={pixelated || undefined}
            role="img"
            aria-label={`Difference between ${a.title} and ${b.title}`}
          />
          {difference === null ? (
            <Center pos="absolute" inset={0}>
              <Loader size="sm" role="img" aria-label="Reading both pictures" />
            </Center>
          ) : (
            <Text size="xs" className={`${classes.measure} figures`}>
              {(difference.changed * 100).toFixed(1)} % of the pixels differ, by{' '}
              {(difference.mean * 100).toFixed(2)} % on average
            </Text>
          )}
        </>
      )}
    </FittedFrame>
  );
}
