import { ActionIcon, Button, Divider, Modal, Skeleton, Text, Tooltip } from '@mantine/core';
import { IconFileExport, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';

import type { Export } from '../../../electron/contract/exports.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ExportEntry } from '../../components/export-entry.tsx';
import { ModelCardView } from '../../components/model-card-view.tsx';
import { useExports } from '../../components/use-exports.ts';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';

/** Everything that was exported, newest first. */
export function ExportList() {
  const exports = useExports();
  const { mutate: remove } = useStudioCommand('exports.remove');
  const [card, setCard] = useState<Export | null>(null);
  if (exports === undefined) return <Skeleton height={160} />;
  if (exports.length === 0) {
    return (
      <EmptyState
        icon={<IconFileExport size={40} stroke={1.2} />}
        title="Nothing has been exported yet"
        action={
          <Button component={Link} href="/runs" variant="default">
            Go to the runs
          </Button>
        }
      >
        Any checkpoint can be exported as a model file, a model folder or a LoRA file, and a comparison as a
        sheet or an animation.
      </EmptyState>
    );
  }
  return (
    <div style={{ maxWidth: 960 }}>
      {exports.map((entry, index) => (
        <div key={entry.id}>
          {index > 0 && <Divider color="var(--sf-line)" />}
          <ExportEntry
            entry={entry}
            more={
              <>
                {entry.status === 'ready' && entry.kind !== 'sheet' && entry.kind !== 'animation' && (
                  <Button
                    size="compact-xs"
                    variant="subtle"
                    color="gray"
                    onClick={() => {
                      setCard(entry);
                    }}
                  >
                    Model card
                  </Button>
                )}
                <Tooltip label="Remove from this list; the files stay">
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    aria-label={`Remove ${entry.title} from this list`}
                    disabled={entry.status === 'running'}
                    onClick={() => {
                      remove({ exportId: entry.id }, { onError: showFailure });
                    }}
                  >
                    <IconX size={16} />
                  </ActionIcon>
                </Tooltip>
              </>
            }
          />
        </div>
      ))}
      <Modal
        opened={card !== null}
        onClose={() => {
          setCard(null);
        }}
        title={card?.title ?? ''}
        size="xl"
      >
        {card !== null && <ExportCard exportId={card.id} />}
      </Modal>
    </div>
  );
}

function ExportCard({ exportId }: { exportId: number }) {
  const { data, error } = useStudioQuery('exports.card', { exportId });
  if (error !== null || data === null) {
    return (
      <Text size="sm" c="dimmed">
        Its model card is gone.
      </Text>
    );
  }
  return data === undefined ? <Skeleton height={200} /> : <ModelCardView markdown={data} />;
}
