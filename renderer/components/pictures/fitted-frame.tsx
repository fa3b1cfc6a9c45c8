import { useElementSize } from '@mantine/hooks';
import type { CSSProperties, ReactNode } from 'react';

import classes from './pictures.module.css';
import { useScale } from './use-zoom.ts';
import { showsPixels } from './zoom.ts';
import type { ZoomStore } from './zoom-store.ts';

/** A frame as large as its place allows, in the proportions of a picture, in which it can be zoomed. */
export function FittedFrame({
  width,
  height,
  zoom,
  children,
}: {
  width: number;
  height: number;
  zoom: ZoomStore;
  /** Given whether the picture's pixels should show. */
  children: (pixelated: boolean) => ReactNode;
}) {
  const { ref, width: shown } = useElementSize();
  const scale = useScale(zoom);
  return (
    <div className={classes.area}>
      <div
        ref={ref}
        className={classes.frame}
        data-zoom-frame
        style={{ '--aspect': width / height } as CSSProperties}
      >
        {children(showsPixels(shown, scale, width))}
      </div>
    </div>
  );
}
