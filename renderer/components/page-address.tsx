import { Group, Text } from '@mantine/core';

import { CopyPath } from './copy-path.tsx';

/** The address of the page that something is published on, to be copied: nothing is opened by itself. */
export function PageAddress({ name, page }: { readonly name: string; readonly page: string }) {
  return (
    <Group gap={4} wrap="nowrap">
      <Text size="xs" c="dimmed" truncate>
        {page}
      </Text>
      <CopyPath path={page} label={`Copy the address of ${name}’s page`} />
    </Group>
  );
}
