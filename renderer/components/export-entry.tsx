import { Group, Loader, Text } from '@mantine/core';
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react';
import type { ReactNode } from 'react';

import type { Export } from '../../electron/contract/exports.ts';
import { bytesText } from '../../electron/contract/quantities.ts';
import { CopyPath } from './copy-path.tsx';
import { RevealButton } from './reveal-button.tsx';

/** One export: how it stands, where it lies, and the ways to it. */
export function ExportEntry({ entry, more }: { entry: Export; more?: ReactNode }) {
  const { status, title, path, bytes, failure, missing = false } = entry;
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
          {status === 'running' && ' · being written'}
          {missing && ' · no longer there'}
          {status === 'ready' && ` · ${path}`}
        </Text>
        {failure !== null && (
          <Text size="xs" c="red">
            {failure.message} {failure.hint}
          </Text>
        )}
      </div>
      <Group gap={2} wrap="nowrap">
        {status === 'ready' && !missing && (
          <>
            <CopyPath path={path} />
            <RevealButton target={{ kind: 'export', exportId: entry.id }} />
          </>
        )}
        {more}
      </Group>
    </Group>
  );
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
    case 'sheet':
      return 'Sheet';
    case 'animation':
      return 'Animation';
  }
}
