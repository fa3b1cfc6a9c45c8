import { Text } from '@mantine/core';
import { useState } from 'react';

import { media } from '../studio/media.ts';

/** What an export made and what its model made, side by side; pictures of a few pixels are shown enlarged. */
export function ProofPicture({ exportId }: { exportId: number }) {
  const [size, setSize] = useState<{ readonly width: number; readonly edge: number } | null>(null);
  const scale = size === null ? 1 : enlargement(size.edge);
  return (
    <figure style={{ margin: '8px 0 0' }}>
      <img
        src={media.proof(exportId)}
        alt="The same picture by the model this was made of and by the export"
        style={{
          display: 'block',
          borderRadius: 4,
          ...(size === null || scale === 1
            ? { maxWidth: 'min(100%, 320px)' }
            : { width: size.width * scale, maxWidth: '100%', imageRendering: 'pixelated' }),
        }}
        onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => {
          setSize({ width: naturalWidth, edge: naturalHeight });
        }}
      />
      <Text component="figcaption" size="xs" c="dimmed" mt={4}>
        Checked with a picture: left by the model it was made of, right by the export. Both are made in few
        steps, so they are rougher than the pictures under Compare.
      </Text>
    </figure>
  );
}

/** By whole pixels, so that all of them come out alike. */
const enlargement = (edge: number): number =>
  edge > 0 && edge < 128 ? Math.max(2, Math.floor(192 / edge)) : 1;
