import { Button, type ButtonProps } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';

import { media } from '../../studio/media.ts';

/** Puts a picture among the browser's downloads; not in the desktop's window, which downloads nothing. */
export function SavePicture({ sampleId, name, ...button }: { sampleId: number; name: string } & ButtonProps) {
  if (window.screenfoldDesktop !== undefined) return null;
  return (
    <Button
      {...button}
      component="a"
      href={media.sample(sampleId)}
      download={fileName(name)}
      leftSection={<IconDownload size={16} aria-hidden />}
    >
      Save picture
    </Button>
  );
}

/** As every file system takes it. */
export function fileName(name: string): string {
  const plain = name
    .replaceAll(/[\\/:*?"<>|\p{Cc}]+/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return `${plain.slice(0, 120).trim() || 'picture'}.png`;
}
