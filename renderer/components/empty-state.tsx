import { Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

/** Where there is nothing yet: what would be here, and the way to have it. */
export function EmptyState({
  icon,
  title,
  children,
  action,
}: {
  icon: ReactNode;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <Stack align="center" justify="center" gap="sm" p="xl" h="100%" mih={280} ta="center">
      <Text c="dimmed" component="span" lh={0} aria-hidden>
        {icon}
      </Text>
      <Title order={2} size="h4">
        {title}
      </Title>
      {children !== undefined && (
        <Text c="dimmed" size="sm" maw={460}>
          {children}
        </Text>
      )}
      {action}
    </Stack>
  );
}
