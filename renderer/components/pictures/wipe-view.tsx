import { ReactCompareSlider } from 'react-compare-slider';

import { FittedFrame } from './fitted-frame.tsx';
import { Picture } from './picture.tsx';
import type { Side } from './side.ts';
import { useScale } from './use-zoom.ts';
import { WipeHandle } from './wipe-handle.tsx';
import type { ZoomStore } from './zoom-store.ts';

/** A at the left of a line that can be dragged, B at its right. */
export function WipeView({ a, b, zoom }: { a: Side; b: Side; zoom: ZoomStore }) {
  const scale = useScale(zoom);
  return (
    <FittedFrame width={a.width} height={a.height} zoom={zoom}>
      {(pixelated) => (
        <ReactCompareSlider
          style={{ width: '100%', height: '100%' }}
          itemOne={<Picture address={a.address} alt={`A: ${a.title}`} pixelated={pixelated} />}
          itemTwo={<Picture address={b.address} alt={`B: ${b.title}`} pixelated={pixelated} />}
          handle={<WipeHandle />}
          keyboardIncrement="2%"
          transition="none"
          // Zoomed in, dragging the picture moves it.
          onlyHandleDraggable={scale > 1}
        />
      )}
    </FittedFrame>
  );
}
