import { Center } from '@mantine/core';
import { Redirect } from 'wouter';

import type { RunSummary } from '../../../electron/contract/runs.ts';
import { FailureNote } from '../../components/failure-note.tsx';
import { Loading } from '../../components/loading.tsx';
import { useStudioQuery } from '../../studio/studio.tsx';

/**
 * Where the studio opens: at the run under way, else at the newest that was cut off and can go on, else at the newest run,
 * else at the form for the first one.
 */
export function StartScreen() {
  const runs = useStudioQuery('runs.list', {});
  if (runs.error !== null) {
    return (
      <Center h="100%" p="xl">
        <FailureNote error={runs.error} onRetry={() => void runs.refetch()} />
      </Center>
    );
  }
  if (runs.data === undefined) {
    return <Loading />;
  }
  return <Redirect to={startingAddress(runs.data)} replace />;
}

const underWay: readonly RunSummary['status'][] = ['preparing', 'training', 'stopping'];

export function startingAddress(runs: readonly RunSummary[]): string {
  const newestFirst = [...runs].sort((a, b) => b.createdAt - a.createdAt || b.id - a.id);
  const run =
    newestFirst.find(({ status }) => underWay.includes(status)) ??
    newestFirst.find(({ status }) => status === 'interrupted') ??
    newestFirst[0];
  return run === undefined ? '/train' : `/runs/${run.id}`;
}
