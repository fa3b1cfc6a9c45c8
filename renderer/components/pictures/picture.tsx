import { useState } from 'react';

import classes from './pictures.module.css';

/**
 * A picture that fills its frame and follows the zoom around it. While another one loads in its place the old one stays,
 * dimmed after a moment, so that nothing flickers.
 */
export function Picture({
  address,
  alt,
  pixelated = false,
  ready = false,
}: {
  address: string;
  alt: string;
  pixelated?: boolean;
  /** Whether it is known to be decoded already. */
  ready?: boolean;
}) {
  const [loaded, setLoaded] = useState<string | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  if (failed === address) return <span className={classes.unreadable}>The picture cannot be read.</span>;
  return (
    <img
      className={classes.picture}
      src={address}
      alt={alt}
      // Drawn in the same frame as what stands around it.
      decoding="sync"
      draggable={false}
      data-pixelated={pixelated || undefined}
      data-pending={(!ready && loaded !== address) || undefined}
      onLoad={() => {
        setLoaded(address);
      }}
      onError={() => {
        setFailed(address);
      }}
    />
  );
}
