import { Anchor, Group, List, Title } from '@mantine/core';

import type { Model } from '../../../electron/contract/models.ts';
import { Notice } from '../../components/notice.tsx';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';
import { useLend } from './lending.tsx';
import classes from './model-panel.module.css';

const words: Readonly<Record<Model['prediction'], string>> = {
  epsilon: 'noise (ε)',
  v_prediction: 'velocity (v)',
};

/** What a model predicts; of one that a person added, it can be changed, for files rarely say it. */
export function Prediction({ model: { id: modelId, kind, prediction, missing } }: { model: Model }) {
  const set = useStudioCommand('models.setPrediction');
  const other = prediction === 'epsilon' ? 'v_prediction' : 'epsilon';
  return (
    <Group gap="md">
      {words[prediction]}
      {kind === 'folder' && !missing && (
        <Anchor
          component="button"
          type="button"
          inherit
          underline="always"
          disabled={set.isPending}
          onClick={() => {
            set.mutate({ modelId, prediction: other }, { onError: showFailure });
          }}
        >
          Change to {words[other]}
        </Anchor>
      )}
    </Group>
  );
}

/** By what a model was made out that does not say itself what it is. */
export function Reasons({ modelId }: { modelId: number }) {
  const reasons = useStudioQuery('models.reasons', { modelId }).data?.reasons ?? [];
  if (reasons.length === 0) return null;
  return (
    <section className={classes.section} aria-label="How it was recognised">
      <Title order={3} size="h6" mb={4}>
        How it was recognised
      </Title>
      <List size="sm" style={{ overflowWrap: 'anywhere' }}>
        {reasons.map((reason) => (
          <List.Item key={reason}>{reason}</List.Item>
        ))}
      </List>
    </section>
  );
}

/** That a model, or what lends it a part, is no longer where it was. */
export function Gone({ model: { id: modelId, folder } }: { model: Model }) {
  const lend = useLend();
  const gone = useStudioQuery('models.reasons', { modelId }).data?.gone ?? folder;
  if (gone === folder)
    return <Notice title="It is gone from its place">Put {folder} back to use it again.</Notice>;
  return (
    <Notice title="The part it borrowed is gone">
      Put {gone} back to use it again
      {lend === null ? (
        '.'
      ) : (
        <>
          , or{' '}
          <Anchor
            component="button"
            type="button"
            inherit
            underline="always"
            onClick={() => {
              lend(folder);
            }}
          >
            take it from another model
          </Anchor>
          .
        </>
      )}
    </Notice>
  );
}
