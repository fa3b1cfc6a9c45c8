import { Button, Group, Progress, Text } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';

import type { Download } from '../../../electron/contract/downloads.ts';
import { failureText } from '../../../electron/contract/values.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand } from '../../studio/studio.tsx';
import { useLend } from '../models/lending.tsx';
import { downloadText, percentOf } from './download-text.ts';
import classes from './get-base-screen.module.css';

/** A download: how far it is, what stopped it, and what can be done with it. */
export function DownloadEntry({ download }: { download: Download }) {
  const { title, status, failure, modelId, loraId } = download;
  const percent = percentOf(download);
  return (
    <div className={classes.entry} role="group" aria-label={title}>
      <Group justify="space-between" wrap="nowrap" align="start">
        <div style={{ minWidth: 0, flex: 1 }}>
          <Text size="sm" fw={500} truncate>
            {title}
          </Text>
          <Text size="sm" c="dimmed" className="figures" role="status">
            {downloadText(download)}
          </Text>
        </div>
        <Group gap="xs" wrap="nowrap">
          <Actions download={download} />
        </Group>
      </Group>
      {status !== 'ready' && (
        <Progress
          mt={8}
          size="sm"
          value={percent ?? 100}
          animated={percent === null || status === 'checking'}
          {...(status === 'failed' && { color: 'red' })}
          aria-label={`Progress of ${title}`}
        />
      )}
      {failure !== null && modelId === null && loraId === null && (
        <Text size="sm" c={status === 'waiting' ? 'dimmed' : 'red'} mt={6}>
          {failureText(failure)}
        </Text>
      )}
    </div>
  );
}

function Actions({ download }: { download: Download }) {
  const { id: downloadId, kind, title, status, modelId, loraId, failure, file } = download;
  const isUsed = modelId !== null || loraId !== null;
  const lend = useLend();
  const lacks = failure?.code === 'model-part-missing' && lend !== null;
  const pause = useStudioCommand('downloads.pause');
  const resume = useStudioCommand('downloads.resume');
  const remove = useStudioCommand('downloads.remove');
  const [asks, setAsks] = useState(false);
  const told = { onError: showFailure };
  const isUnderWay = status === 'running' || status === 'waiting' || status === 'checking';
  return (
    <>
      {isUnderWay && (
        <Button
          size="xs"
          variant="default"
          loading={pause.isPending}
          onClick={() => {
            pause.mutate({ downloadId }, told);
          }}
        >
          Pause
        </Button>
      )}
      {(status === 'paused' || status === 'failed' || (status === 'ready' && !isUsed)) && (
        <Button
          size="xs"
          variant="default"
          loading={resume.isPending}
          onClick={() => {
            if (lacks && status === 'ready') lend(file);
            else resume.mutate({ downloadId }, told);
          }}
        >
          {status === 'paused'
            ? 'Resume'
            : status === 'failed' || kind === 'captioner'
              ? 'Try again'
              : 'Add to the models'}
        </Button>
      )}
      {modelId !== null && (
        <Button size="xs" component={Link} href={`/models/${modelId}`}>
          Open in Models
        </Button>
      )}
      {loraId !== null && (
        <Button size="xs" component={Link} href="/models/loras">
          Open in LoRAs
        </Button>
      )}
      {status !== 'opening' && (
        <Button
          size="xs"
          variant="subtle"
          color="gray"
          loading={remove.isPending}
          onClick={() => {
            // Nothing is lost with an entry whose file stays.
            if (!isUsed) setAsks(true);
            else remove.mutate({ downloadId }, told);
          }}
        >
          {isUsed ? 'Clear' : 'Discard'}
        </Button>
      )}
      <ConfirmDialog
        open={asks}
        title={`Discard ${title}?`}
        confirm="Discard download"
        busy={remove.isPending}
        onClose={() => {
          setAsks(false);
        }}
        onConfirm={() => {
          remove.mutate({ downloadId }, told);
          setAsks(false);
        }}
      >
        What was downloaded so far is deleted.
      </ConfirmDialog>
    </>
  );
}
