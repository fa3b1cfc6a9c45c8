import { Button } from '@mantine/core';
import { IconFileExport, IconLayoutColumns } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';

import type { RunSummary } from '../../../electron/contract/runs.ts';
import { ExportModelDialog } from '../../components/export-model-dialog.tsx';
import { ExtendRun } from './extend-run.tsx';

/** What comes after a run: its epochs side by side, and the one that is liked best taken along. */
export function FinishedActions({ run }: { run: RunSummary }) {
  const [open, setOpen] = useState(false);
  const last = run.checkpoints.at(-1);
  if (last === undefined) return <ExtendRun runId={run.id} />;
  return (
    <>
      <Button
        component={Link}
        href={`/compare?runs=${run.id}`}
        size="xs"
        leftSection={<IconLayoutColumns size={16} aria-hidden />}
      >
        Compare its epochs
      </Button>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconFileExport size={16} aria-hidden />}
        onClick={() => {
          setOpen(true);
        }}
      >
        Export…
      </Button>
      <ExtendRun runId={run.id} />
      <ExportModelDialog
        run={run}
        epoch={last}
        epochs={run.checkpoints}
        open={open}
        onClose={() => {
          setOpen(false);
        }}
      />
    </>
  );
}
