import { Button, Modal, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';

import { DialogFoot } from './dialog-foot.tsx';

/** Asks before something that loses a great deal. What is at stake stands in `children`; Cancel has the focus. */
export function ConfirmDialog({
  open,
  title,
  confirm,
  busy = false,
  hindered = false,
  onConfirm,
  onClose,
  children,
}: {
  open: boolean;
  title: string;
  /** What the button says: the deed itself, as `Remove run`. */
  confirm: string;
  busy?: boolean;
  /** It cannot be done now; `children` say why. */
  hindered?: boolean;
  onConfirm: () => void;
  onClose: () => void;
  children: ReactNode;
}) {
  return (
    <Modal opened={open} onClose={onClose} title={title} centered size="md">
      <Stack gap="lg">
        <Text size="sm" component="div">
          {children}
        </Text>
        <DialogFoot>
          <Button variant="default" onClick={onClose} data-autofocus>
            Cancel
          </Button>
          <Button color="red" loading={busy} disabled={hindered} onClick={onConfirm}>
            {confirm}
          </Button>
        </DialogFoot>
      </Stack>
    </Modal>
  );
}
