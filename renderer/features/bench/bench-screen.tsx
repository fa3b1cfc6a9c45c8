import { Button } from '@mantine/core';
import { IconAdjustments } from '@tabler/icons-react';
import { useState } from 'react';
import { Link, useLocation, useSearch } from 'wouter';

import type { Model } from '../../../electron/contract/models.ts';
import type { RunSummary } from '../../../electron/contract/runs.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { FailureNote } from '../../components/failure-note.tsx';
import { Loading } from '../../components/loading.tsx';
import { Screen } from '../../components/screen.tsx';
import { useStudioQuery } from '../../studio/studio.tsx';
import { BenchWork } from './bench-work.tsx';
import { useFirstDraft } from './use-first-draft.ts';

/** Single pictures, for trying prompts and settings on any model or epoch. */
export function BenchScreen() {
  const models = useStudioQuery('models.list', {});
  const runs = useStudioQuery('runs.list', {});
  const begun = useBegun();
  const error = models.error ?? runs.error;
  if (error !== null) {
    return (
      <Screen title="Bench">
        <FailureNote
          error={error}
          onRetry={() => {
            void models.refetch();
            void runs.refetch();
          }}
        />
      </Screen>
    );
  }
  return (
    <Screen title="Bench" scrolls={false}>
      {models.data === undefined || runs.data === undefined ? (
        <Loading />
      ) : models.data.length === 0 && runs.data.length === 0 ? (
        <EmptyState
          icon={<IconAdjustments size={40} stroke={1.2} />}
          title="No model to make pictures with"
          action={
            <Button component={Link} href="/models">
              Add a model
            </Button>
          }
        >
          Any Stable Diffusion 1.x, 2.x or XL model will do: a .safetensors file, or a diffusers folder.
        </EmptyState>
      ) : (
        <Bench key={begun.search} {...begun} models={models.data} runs={runs.data} />
      )}
    </Screen>
  );
}

/** What the address named when the bench began; it goes from the address when other settings are chosen. */
function useBegun(): { readonly search: string; readonly onChange: () => void } {
  const search = useSearch();
  const [, navigate] = useLocation();
  const [begun, setBegun] = useState(search);
  if (search !== '' && search !== begun) setBegun(search);
  const onChange = () => {
    if (search !== '') navigate('/bench', { replace: true });
  };
  return { search: begun, onChange };
}

function Bench({
  search,
  onChange,
  models,
  runs,
}: {
  search: string;
  onChange: () => void;
  models: readonly Model[];
  runs: readonly RunSummary[];
}) {
  const { draft, error } = useFirstDraft(search, models, runs);
  if (error !== null) return <FailureNote error={error} />;
  return draft === null ? (
    <Loading />
  ) : (
    <BenchWork first={draft} models={models} runs={runs} onChange={onChange} />
  );
}
