import { useEffect, useEffectEvent } from 'react';

import { useImport } from '../features/datasets/import/use-import.ts';

/**
 * Takes files that are dropped where the screen itself takes none: images become a data set, a model goes to the models. Else
 * a browser would leave the page to open them.
 */
export function WindowDrop(): null {
  const ways = useImport();
  const onDrop = useEffectEvent((transfer: DataTransfer) => {
    ways.fromDrop(transfer);
  });
  useEffect(() => {
    // A picture of the page that is dragged by accident comes as a file, too.
    let fromPage = false;
    const take = (event: DragEvent): DataTransfer | null => {
      const { dataTransfer, defaultPrevented } = event;
      if (dataTransfer === null || defaultPrevented || !dataTransfer.types.includes('Files')) return null;
      event.preventDefault();
      return fromPage ? null : dataTransfer;
    };
    const over = (event: DragEvent) => {
      const transfer = take(event);
      if (transfer !== null) transfer.dropEffect = 'copy';
    };
    const drop = (event: DragEvent) => {
      const transfer = take(event);
      if (transfer !== null) onDrop(transfer);
    };
    const start = () => {
      fromPage = true;
    };
    const end = () => {
      fromPage = false;
    };
    const listeners = { dragover: over, drop, dragstart: start, dragend: end } as const;
    const all = Object.entries(listeners) as [keyof typeof listeners, (event: DragEvent) => void][];
    for (const [type, listener] of all) document.addEventListener(type, listener);
    return () => {
      for (const [type, listener] of all) document.removeEventListener(type, listener);
    };
  }, []);
  return null;
}
