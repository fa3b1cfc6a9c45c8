import { notifications } from '@mantine/notifications';
import { useEffect, useRef } from 'react';
import { useLocation } from 'wouter';

import type { RunStatus, RunSummary } from '../../../electron/contract/runs.ts';
import { NoticeLink } from '../../components/notice-link.tsx';
import { useStudioQuery } from '../../studio/studio.tsx';
import { finishedText, isUnderWay } from './run-status.ts';
import { showSystemNotice } from './system-notice.ts';

/** Tells, wherever one is, that a run has finished or failed: on the page, and as the system's notice where that is wanted. */
export function RunEnds() {
  const runs = useStudioQuery('runs.list', {}).data;
  const [location, goTo] = useLocation();
  const before = useRef<ReadonlyMap<number, RunStatus>>(new Map());
  useEffect(() => {
    if (runs === undefined) return;
    for (const run of runs) {
      const was = before.current.get(run.id);
      if (was === undefined || !isUnderWay(was) || !hasEnded(run.status)) continue;
      const text = endText(run);
      const address = `/runs/${run.id}`;
      showSystemNotice(run.name, text, () => {
        goTo(address);
      });
      if (location === address) continue;
      const noticeId = `run-end-${run.id}`;
      notifications.show({
        id: noticeId,
        color: run.status === 'failed' ? 'red' : 'teal',
        title: run.name,
        message: (
          <>
            {text}{' '}
            <NoticeLink
              noticeId={noticeId}
              label="Show the run"
              onGo={() => {
                goTo(address);
              }}
            />
          </>
        ),
        autoClose: 20_000,
        closeButtonProps: { 'aria-label': 'Close this notice' },
      });
    }
    before.current = new Map(runs.map(({ id, status }) => [id, status]));
  }, [runs, location, goTo]);
  return null;
}

const hasEnded = (status: RunStatus) => status === 'finished' || status === 'failed';

function endText(run: RunSummary): string {
  if (run.status === 'failed') return run.failure?.message ?? 'The run failed.';
  return `${finishedText(run)}.`;
}
