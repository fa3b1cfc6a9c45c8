import { useEffect, useEffectEvent, useState } from 'react';

import { FittedFrame } from './fitted-frame.tsx';
import classes from './pair-view.module.css';
import { Picture } from './picture.tsx';
import type { Side } from './side.ts';
import type { ZoomStore } from './zoom-store.ts';

/** A and B in turn at the same place: what moved between them catches the eye. */
export function FlipView({ a, b, zoom }: { a: Side; b: Side; zoom: ZoomStore }) {
  const [shown, setShown] = useState<'A' | 'B'>('A');
  const flip = () => {
    setShown((now) => (now === 'A' ? 'B' : 'A'));
  };
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const onControl =
      event.target instanceof Element && event.target.closest('button, input, label') !== null;
    if (event.key !== ' ' || onControl) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    flip();
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      onKey(event);
    };
    window.addEventListener('keydown', listen, { capture: true });
    return () => {
      window.removeEventListener('keydown', listen, { capture: true });
    };
  }, []);
  return (
    <FittedFrame width={a.width} height={a.height} zoom={zoom}>
      {(pixelated) => (
        <div className={classes.flip} onClick={flip}>
          {/* Both stay drawn, so that the change takes no longer than a frame. */}
          {[['A', a] as const, ['B', b] as const].map(([mark, side]) => (
            <div
              key={mark}
              className={classes.turn}
              data-shown={shown === mark || undefined}
              aria-hidden={shown !== mark}
            >
              <Picture address={side.address} alt={`${mark}: ${side.title}`} pixelated={pixelated} />
            </div>
          ))}
          <span className={classes.which} role="status">
            {shown}
            <span className={classes.hint}>Space or click for the other</span>
          </span>
        </div>
      )}
    </FittedFrame>
  );
}
