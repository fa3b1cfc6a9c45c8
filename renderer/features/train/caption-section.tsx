import { Anchor, Button, Checkbox, Group, Radio, Stack, Switch, Text } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';

import type { CaptionSetData } from '../../../electron/contract/captions.ts';
import { hasOwnSentences } from '../../../electron/contract/word-spec.ts';
import { captionedText, sourceText } from '../../components/caption-source.ts';
import { countText } from '../../components/quantities.ts';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';
import { FormSection } from './form-section.tsx';
import { useRequestForm } from './request-form.ts';
import { useUnwritten } from './unwritten-captions.ts';

/** One caption set, or several to compare: as many runs, alike in everything else. */
export function CaptionSection() {
  const { request, edit, message } = useRequestForm();
  const { captionSetIds } = request;
  const sets = useStudioQuery('captions.sets', { datasetId: request.datasetId }, { keepPrevious: true });
  const [asked, setAsked] = useState(false);
  const comparing = asked || captionSetIds.length > 1;
  const error = message('captionSetIds');
  const compare = (on: boolean) => {
    setAsked(on);
    if (!on) edit({ captionSetIds: captionSetIds.slice(0, 1) });
  };
  if (sets.data?.length === 0) {
    return (
      <FormSection title="Captions">
        <OwnSentences />
        <NoCaptions datasetId={request.datasetId} />
      </FormSection>
    );
  }
  return (
    <FormSection title="Captions">
      <Stack gap={10}>
        <OwnSentences />
        {comparing ? (
          <Checkbox.Group
            aria-label="Caption sets"
            value={captionSetIds.map(String)}
            onChange={(values) => {
              edit({ captionSetIds: values.map(Number) });
            }}
            {...(error !== undefined && { error })}
          >
            <Stack gap={8}>
              {sets.data?.map((set) => (
                <Checkbox key={set.id} value={String(set.id)} {...captionSetLabel(set)} />
              ))}
            </Stack>
          </Checkbox.Group>
        ) : (
          <Radio.Group
            aria-label="Caption set"
            value={String(captionSetIds[0] ?? '')}
            onChange={(value) => {
              edit({ captionSetIds: [Number(value)] });
            }}
            {...(error !== undefined && { error })}
          >
            <Stack gap={8}>
              {sets.data?.map((set) => (
                <Radio key={set.id} value={String(set.id)} {...captionSetLabel(set)} />
              ))}
            </Stack>
          </Radio.Group>
        )}
        <Unwritten />
        <Group justify="space-between" gap="xs" mih={24}>
          <Switch
            size="xs"
            label="Compare captions"
            checked={comparing}
            disabled={(sets.data?.length ?? 0) < 2 && !comparing}
            onChange={(event) => {
              compare(event.currentTarget.checked);
            }}
          />
          {comparing ? (
            <Text size="xs" c="dimmed" role="status">
              {captionSetIds.length > 1
                ? `${captionSetIds.length} runs, one after the other, alike in all but their captions.`
                : 'Choose two or more. Each gets its own run.'}
            </Text>
          ) : (
            <Anchor component={Link} href={`/datasets/${request.datasetId}/captions`} size="xs">
              Edit captions
            </Anchor>
          )}
        </Group>
      </Stack>
    </FormSection>
  );
}

/** Captions that are chosen before a model has written all of them. */
function Unwritten() {
  const { request } = useRequestForm();
  const text = useUnwritten(request);
  if (text === null) return null;
  return (
    <Text size="xs" c="var(--sf-warning)" className="figures" role="status">
      {text}
    </Text>
  );
}

/** What the choice of captions means for a new word. */
function OwnSentences() {
  const { request } = useRequestForm();
  if (!hasOwnSentences(request.method)) return null;
  return (
    <Text size="xs" c="dimmed">
      A new word is taught with sentences of its own, not with these. A caption that has the word stays.
    </Text>
  );
}

/** Images nobody has said anything about yet: two ways on. */
function NoCaptions({ datasetId }: { datasetId: number }) {
  const { edit } = useRequestForm();
  const create = useStudioCommand('captions.createSet');
  return (
    <Stack gap={10}>
      <Text size="sm">
        These images have no captions yet. With captions the model learns which words stand for what; without,
        it learns the look of all of them.
      </Text>
      <Group gap="xs">
        <Button component={Link} href={`/datasets/${datasetId}/captions?new=set`} size="xs">
          Caption them
        </Button>
        <Button
          size="xs"
          variant="default"
          loading={create.isPending}
          onClick={() => {
            create.mutate(
              { datasetId, name: 'No words', source: { kind: 'empty' } },
              {
                onSuccess: ({ captionSetId }) => {
                  edit({ captionSetIds: [captionSetId] });
                },
                onError: showFailure,
              },
            );
          }}
        >
          Train without words
        </Button>
      </Group>
    </Stack>
  );
}

function captionSetLabel(set: CaptionSetData) {
  const { name, source, uncaptioned } = set;
  const counts =
    uncaptioned === 0
      ? `all ${captionedText(set)}`
      : `${captionedText(set)}, ${countText(uncaptioned)} without`;
  const from = sourceText(source);
  return { label: name, description: from === name ? counts : `${from} · ${counts}` };
}
