import { Button, Group, Loader, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';

import { countOf } from '../../components/quantities.ts';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand } from '../../studio/studio.tsx';
import type { Tally } from './book.ts';

/** How many pictures are on the way, and how many nobody has asked for. */
export function QueueNote({ tally, runIds }: { tally: Tally; runIds: readonly number[] }) {
  const queries = useQueryClient();
  const fill = useStudioCommand('gallery.fill');
  const cancel = useStudioCommand('gallery.cancelQueued');
  const input = { runIds: [...runIds] };
  const settled = {
    onError: showFailure,
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['gallery.comparison'] }),
  };
  const lacking = tally.missing + tally.failed;
  return (
    <Group gap={6} wrap="nowrap" aria-live="polite">
      {tally.waiting > 0 && (
        <>
          <Loader size={14} aria-hidden />
          <Text size="xs" c="dimmed" className="figures" style={{ whiteSpace: 'nowrap' }}>
            {countOf(tally.waiting, 'picture')} on the way
          </Text>
          <Button
            size="compact-xs"
            variant="subtle"
            color="gray"
            loading={cancel.isPending}
            onClick={() => {
              cancel.mutate(input, settled);
            }}
          >
            Cancel
          </Button>
        </>
      )}
      {tally.waiting === 0 && lacking > 0 && (
        <>
          <Text size="xs" c="dimmed" className="figures" style={{ whiteSpace: 'nowrap' }}>
            {tally.missing > 0 ? `${countOf(tally.missing, 'picture')} missing` : ''}
            {tally.missing > 0 && tally.failed > 0 ? ', ' : ''}
            {tally.failed > 0 ? `${tally.failed} failed` : ''}
          </Text>
          <Button
            size="compact-xs"
            variant="light"
            loading={fill.isPending}
            onClick={() => {
              fill.mutate(input, settled);
            }}
          >
            {tally.missing > 0 ? 'Make them' : 'Try again'}
          </Button>
        </>
      )}
    </Group>
  );
}
