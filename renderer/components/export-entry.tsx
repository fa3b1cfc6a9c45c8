import { ActionIcon, Button, Group, Loader, Text, Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconDownload } from '@tabler/icons-react';
import type { ReactNode } from 'react';

import type { Export } from '../../electron/contract/exports.ts';
import { bytesText } from '../../electron/contract/quantities.ts';
import { failureText } from '../../electron/contract/values.ts';
import { showFailure } from '../studio/failure.ts';
import { media } from '../studio/media.ts';
import { useStudioCommand } from '../studio/studio.tsx';
import { CopyPath } from './copy-path.tsx';
import { ProofPicture } from './proof-picture.tsx';
import { RevealButton } from './reveal-button.tsx';

/** One export: how it stands, where it lies, and the ways to it. */
export function ExportEntry({ entry, more }: { entry: Export; more?: ReactNode }) {
  const { status, title, path, bytes, failure, missing = false, proven = false } = entry;
  const stop = useStudioCommand('exports.stop');
  return (
    <Group gap={12} wrap="nowrap" align="start" py={10}>
      <span style={{ width: 18, paddingTop: 2, lineHeight: 0 }}>
        {status === 'running' ? (
          <Loader size={16} role="img" aria-label="Being written" />
        ) : missing ? (
          <IconAlertTriangle size={18} color="var(--sf-warning)" role="img" aria-label="No longer there" />
        ) : status === 'ready' ? (
          <IconCheck size={18} color="var(--mantine-color-teal-text)" aria-label="Ready" />
        ) : (
          <IconAlertTriangle size={18} color="var(--mantine-color-red-text)" aria-label="Failed" />
        )}
      </span>
      <div style={{ flex: 1, minWidth: 0 }}>
        <Text size="sm" fw={500} truncate>
          {title}
        </Text>
        <Text size="xs" c="dimmed" className="figures" style={{ overflowWrap: 'anywhere' }}>
          {exportKindText(entry)}
          {bytes !== null && ` · ${bytesText(bytes)}`}
          {status === 'running' && (isModel(entry) ? ' · being written and checked' : ' · being written')}
          {missing && ' · no longer there'}
          {status === 'ready' && ` · ${path}`}
        </Text>
        {proven && <ProofPicture exportId={entry.id} />}
        {failure !== null && (
          <Text size="xs" c="red">
            {failureText(failure)}
          </Text>
        )}
      </div>
      <Group gap={2} wrap="nowrap">
        {status === 'running' && isModel(entry) && (
          <Button
            size="compact-xs"
            variant="subtle"
            color="gray"
            loading={stop.isPending || stop.isSuccess}
            onClick={() => {
              stop.mutate({ exportId: entry.id }, { onError: showFailure });
            }}
          >
            Stop
          </Button>
        )}
        {status === 'ready' && !missing && (
          <>
            <DownloadButton entry={entry} />
            <CopyPath path={path} />
            <RevealButton target={{ kind: 'export', exportId: entry.id }} />
          </>
        )}
        {more}
      </Group>
    </Group>
  );
}

/** In a browser, which may be on another machine than the studio; a folder has no address. */
function DownloadButton({ entry: { id, kind, path, title } }: { entry: Export }) {
  const name = path.split(/[\\/]/).at(-1) ?? '';
  const isFile = kind !== 'diffusers' && kind !== 'onnx' && /\.[a-z]+$/i.test(name);
  if (window.screenfoldDesktop !== undefined || !isFile) return null;
  return (
    <Tooltip label="Download">
      <ActionIcon
        component="a"
        href={media.export(id)}
        download={name}
        variant="subtle"
        color="gray"
        aria-label={`Download ${title}`}
      >
        <IconDownload size={16} />
      </ActionIcon>
    </Tooltip>
  );
}

function isModel({ kind }: Export): boolean {
  return kind !== 'sheet' && kind !== 'animation';
}

function exportKindText({ kind }: Export): string {
  switch (kind) {
    case 'diffusers':
      return 'Model folder';
    case 'single-file':
      return 'Model file';
    case 'onnx':
      return 'ONNX pipeline';
    case 'lora':
      return 'LoRA file';
    case 'embedding':
      return 'New word';
    case 'sheet':
      return 'Sheet';
    case 'animation':
      return 'Animation';
  }
}
