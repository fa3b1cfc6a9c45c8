import { Alert, Button, Group, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';

import { failureOf } from '../studio/failure.ts';

/** What went wrong, and what to do about it. */
export function FailureNote({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { message, hint } = failureOf(error);
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle aria-hidden />} title={message} role="alert">
      <Group justify="space-between" align="end" gap="md">
        <Text size="sm" style={{ whiteSpace: 'pre-line' }}>
          {hint}
        </Text>
        {onRetry && (
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
      </Group>
    </Alert>
  );
}
