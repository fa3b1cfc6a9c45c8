import { Text } from '@mantine/core';
import { IconPhotoDown } from '@tabler/icons-react';
import { type DragEvent, type ReactNode, useEffect, useEffectEvent, useState } from 'react';

import classes from './drop-zone.module.css';
import { chosenFiles } from './dropped-files.ts';
import { pastedPaths } from './pasted-path.ts';
import type { ImportWays } from './use-import.ts';

/** Takes folders and files dropped anywhere over it, and paths and pictures pasted while it is there. */
export function DropZone({
  ways,
  label,
  children,
}: {
  ways: ImportWays;
  /** What letting go would do. */
  label: string;
  children: ReactNode;
}) {
  const [over, setOver] = useState(false);
  usePaste(ways);
  const carriesFiles = (event: DragEvent) => event.dataTransfer.types.includes('Files');
  return (
    <div
      className={classes.zone}
      onDragOver={(event) => {
        if (!carriesFiles(event)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = 'copy';
        setOver(true);
      }}
      onDragLeave={({ currentTarget, relatedTarget }) => {
        if (!currentTarget.contains(relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={(event) => {
        if (!carriesFiles(event)) return;
        event.preventDefault();
        setOver(false);
        ways.fromDrop(event.dataTransfer);
      }}
    >
      {children}
      {over && (
        <div className={classes.over} role="status">
          <IconPhotoDown size={40} stroke={1.2} aria-hidden />
          <Text fw={500}>{label}</Text>
        </div>
      )}
    </div>
  );
}

function usePaste(ways: ImportWays): void {
  const onPaste = useEffectEvent((event: ClipboardEvent) => {
    const { target, clipboardData } = event;
    if (clipboardData === null) return;
    if (target instanceof Element && target.closest('input, textarea, [role="dialog"]') !== null) return;
    const files = chosenFiles(clipboardData.files);
    const paths = pastedPaths(clipboardData.getData('text/plain'));
    if (files.length > 0) ways.fromFiles(files);
    else if (paths !== null) ways.fromPaths(paths);
    else return;
    event.preventDefault();
  });
  useEffect(() => {
    const listener = (event: ClipboardEvent) => {
      onPaste(event);
    };
    document.addEventListener('paste', listener);
    return () => {
      document.removeEventListener('paste', listener);
    };
  }, []);
}
