import { Button } from '@mantine/core';

import type { Export } from '../../electron/contract/exports.ts';
import { DialogFoot } from './dialog-foot.tsx';

/** At the end of a dialog that exports something: begins it, and after a failure goes back to the choices. */
export function ExportButtons({
  label,
  start,
  entry,
  disabled = false,
  onStart,
  onClose,
}: {
  label: string;
  start: { readonly isSuccess: boolean; readonly isPending: boolean; readonly reset: () => void };
  entry: Export | undefined;
  disabled?: boolean;
  onStart: () => void;
  onClose: () => void;
}) {
  return (
    <DialogFoot>
      {entry?.status === 'failed' && (
        <Button
          variant="default"
          onClick={() => {
            start.reset();
          }}
        >
          Change something
        </Button>
      )}
      <Button variant="default" onClick={onClose}>
        {start.isSuccess ? 'Close' : 'Cancel'}
      </Button>
      {!start.isSuccess && (
        <Button loading={start.isPending} disabled={disabled} onClick={onStart}>
          {label}
        </Button>
      )}
    </DialogFoot>
  );
}
