import { Button, CopyButton, ScrollArea, Text } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';

import { FailureNote } from '../../components/failure-note.tsx';
import { useStudioQuery } from '../../studio/studio.tsx';

/** What the engine wrote down of a run, newest last. */
export function RunLog({ runId }: { runId: number }) {
  const { data, error, refetch } = useStudioQuery('runs.log', { runId, lines: 1000 }, { keepPrevious: true });
  if (error !== null) return <FailureNote error={error} onRetry={() => void refetch()} />;
  if (data?.length === 0) {
    return (
      <Text size="sm" c="dimmed" py="lg">
        The log is empty.
      </Text>
    );
  }
  const text = data?.join('\n') ?? '';
  return (
    <div>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Button
            size="xs"
            variant="default"
            mb={8}
            onClick={copy}
            leftSection={copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
          >
            {copied ? 'Copied' : 'Copy log'}
          </Button>
        )}
      </CopyButton>
      <ScrollArea.Autosize mah={480} bd="1px solid var(--sf-line)" bdrs="sm" bg="var(--sf-well)">
        <Text component="pre" size="xs" ff="monospace" p="sm" m={0} style={{ whiteSpace: 'pre-wrap' }}>
          {text}
        </Text>
      </ScrollArea.Autosize>
    </div>
  );
}
