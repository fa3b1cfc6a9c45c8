import { Button, Stack, Text } from '@mantine/core';
import { IconCircleCheck, IconRefresh } from '@tabler/icons-react';

import type { DatasetDetail, DatasetProblemData } from '../../../electron/contract/datasets.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { FailureNote } from '../../components/failure-note.tsx';
import { countOf } from '../../components/quantities.ts';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';
import classes from './problems-view.module.css';

/** Files that are not used: why, and what to do about each kind. */
export function ProblemsView({ dataset }: { dataset: DatasetDetail }) {
  const { data: problems, error, refetch } = useStudioQuery('datasets.problems', { datasetId: dataset.id });
  const rescan = useStudioCommand('datasets.rescan');
  if (error !== null) {
    return (
      <Stack p="lg">
        <FailureNote error={error} onRetry={() => void refetch()} />
      </Stack>
    );
  }
  if (problems === undefined) return null;
  if (problems.length === 0) {
    return <EmptyState icon={<IconCircleCheck size={40} stroke={1.2} />} title="Every file could be used" />;
  }
  return (
    <div className={classes.view}>
      <div className={classes.head}>
        <Text size="sm" c="dimmed">
          {summary(problems)} The rest of the data set is not affected; fix a file and read the folder again
          to add it.
        </Text>
        <Button
          className={classes.again}
          variant="default"
          leftSection={<IconRefresh size={16} aria-hidden />}
          disabled={dataset.folder === null || dataset.importing}
          loading={rescan.isPending}
          onClick={() => {
            rescan.mutate({ datasetId: dataset.id }, { onError: showFailure });
          }}
        >
          Read the folder again
        </Button>
      </div>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col">What is wrong</th>
            <th scope="col">What to do</th>
          </tr>
        </thead>
        <tbody>
          {problems.map(({ file, files, names, failure }) => (
            <tr key={`${file} ${failure.code}`}>
              <td className={classes.file}>{files === 1 ? file : <Names names={names} files={files} />}</td>
              <td>{failure.message}</td>
              <td className={classes.hint}>{failure.hint}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Faults apart from what nobody would have expected to be used. */
function summary(problems: readonly DatasetProblemData[]): string {
  const count = (expected: boolean) =>
    problems.reduce((sum, problem) => sum + (problem.expected === expected ? problem.files : 0), 0);
  const [faults, others] = [count(false), count(true)];
  if (faults === 0) return `${countOf(others, 'file')} left out, as was to be expected.`;
  if (others === 0) return `${countOf(faults, 'file')} left out.`;
  return `${countOf(faults, 'file')} left out, and ${countOf(others, 'file')} of kinds that are never used.`;
}

function Names({ names, files }: { names: readonly string[]; files: number }) {
  return (
    <details>
      <summary>{countOf(files, 'file')}</summary>
      {names.map((name) => (
        <div key={name}>{name}</div>
      ))}
      {files > names.length && <div>and {files - names.length} more</div>}
    </details>
  );
}
