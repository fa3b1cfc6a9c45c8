import { Button, Modal, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';

import { DialogFoot } from './dialog-foot.tsx';

/** Asks for a new name; Enter takes it. */
export function RenameDialog({
  open,
  title,
  name,
  label = 'Name',
  confirm = 'Rename',
  busy = false,
  onRename,
  onClose,
}: {
  open: boolean;
  title: string;
  /** As it is now. */
  name: string;
  label?: string;
  confirm?: string;
  busy?: boolean;
  onRename: (name: string) => void;
  onClose: () => void;
}) {
  return (
    <Modal opened={open} onClose={onClose} title={title} centered>
      <RenameForm {...{ name, label, confirm, busy, onRename, onClose }} />
    </Modal>
  );
}

function RenameForm({
  name,
  label,
  confirm,
  busy,
  onRename,
  onClose,
}: {
  name: string;
  label: string;
  confirm: string;
  busy: boolean;
  onRename: (name: string) => void;
  onClose: () => void;
}) {
  const [text, setText] = useState(name);
  const wanted = text.trim();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (wanted !== '') onRename(wanted);
      }}
    >
      <Stack gap="lg">
        <TextInput
          label={label}
          value={text}
          onChange={({ currentTarget }) => {
            setText(currentTarget.value);
          }}
          data-autofocus
        />
        <DialogFoot>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={wanted === ''} loading={busy}>
            {confirm}
          </Button>
        </DialogFoot>
      </Stack>
    </form>
  );
}
