import { Button, Group, List, Modal, Stack, Text } from '@mantine/core';

import type { Licence } from '../../../electron/contract/downloads.ts';
import { CopyPath } from '../../components/copy-path.tsx';
import { DialogFoot } from '../../components/dialog-foot.tsx';

/** What a licence says in short, where all of it is, and the choice. Asked once for each licence. */
export function LicenceDialog({
  open,
  name,
  licence,
  accept = 'Accept and download',
  onAccept,
  onClose,
}: {
  open: boolean;
  /** Of what comes under it. */
  name: string;
  licence: Licence;
  /** What the button says. */
  accept?: string;
  onAccept: () => void;
  onClose: () => void;
}) {
  return (
    <Modal opened={open} onClose={onClose} title={`The licence of ${name}`} centered size="lg">
      <Stack gap="md">
        <Text fw={500}>{licence.name}</Text>
        <List size="sm" spacing={6}>
          {licence.points.map((point) => (
            <List.Item key={point}>{point}</List.Item>
          ))}
        </List>
        <div>
          <Text size="sm">This is a summary. The text itself is what counts:</Text>
          <Group gap={4} wrap="nowrap">
            <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
              {licence.address}
            </Text>
            <CopyPath path={licence.address} label="Copy the address of the licence" />
          </Group>
        </div>
        <DialogFoot>
          <Button variant="default" onClick={onClose} data-autofocus>
            Cancel
          </Button>
          <Button onClick={onAccept}>{accept}</Button>
        </DialogFoot>
      </Stack>
    </Modal>
  );
}
