import { Button, Group, Text } from '@mantine/core';

import { usePathPicker } from './path-picker.tsx';

/** Where an export comes to lie: in the library, unless a person chooses a folder. */
export function ExportPlace({
  folder,
  onChange,
}: {
  folder: string | null;
  onChange: (folder: string | null) => void;
}) {
  const { pick, dialog } = usePathPicker({
    title: 'Export to a folder',
    confirm: 'Export here',
    onPick: onChange,
  });
  return (
    <Group gap="xs" justify="space-between" wrap="nowrap">
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        <Text span fw={500}>
          Where
        </Text>{' '}
        <Text span c="dimmed">
          {folder ?? 'in the library’s exports'}
        </Text>
      </Text>
      <Group gap={4} wrap="nowrap">
        {folder !== null && (
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            onClick={() => {
              onChange(null);
            }}
          >
            In the library
          </Button>
        )}
        <Button size="compact-sm" variant="default" onClick={pick}>
          Choose a folder…
        </Button>
      </Group>
      {dialog}
    </Group>
  );
}
