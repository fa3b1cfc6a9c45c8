import { Slider, Stack, Switch, Text } from '@mantine/core';
import { useState } from 'react';

import type { CaptionSetData, TagOptions } from '../../../electron/contract/captions.ts';
import { KeptNumberField } from '../../components/kept-number-field.tsx';
import { showFailure } from '../../studio/failure.ts';
import { useStudioCommand } from '../../studio/studio.tsx';

/** How captions vary from epoch to epoch: tags in another order, some left out. */
export function TagOptionsPane({ set }: { set: CaptionSetData }) {
  const [tags, setTags] = useState<TagOptions>(set.tags);
  const { mutate } = useStudioCommand('captions.setTagOptions');
  const change = (part: Partial<TagOptions>) => {
    const changed = { ...tags, ...part };
    setTags(changed);
    mutate(
      { captionSetId: set.id, tags: changed },
      {
        onError: (error) => {
          setTags(set.tags);
          showFailure(error);
        },
      },
    );
  };
  const varies = tags.shuffle || tags.dropout > 0;
  return (
    <Stack gap="lg" maw={560}>
      <Text size="sm" c="dimmed">
        Tags are the parts of a caption between commas. If they always come in the same order, the model
        learns the order; if none is ever missing, it comes to need them all.
      </Text>
      <Switch
        label="Shuffle tags"
        description="Each variant of a caption has its tags in another order."
        checked={tags.shuffle}
        onChange={({ currentTarget }) => {
          change({ shuffle: currentTarget.checked });
        }}
      />
      <div>
        <Text size="sm" fw={500} id="dropout">
          Drop tags at random
        </Text>
        <Text size="xs" c="dimmed" mb="xs">
          How likely each tag is to be dropped from a variant.
        </Text>
        <Slider
          aria-labelledby="dropout"
          thumbLabel="Chance that a tag is dropped"
          min={0}
          max={0.9}
          step={0.05}
          label={(value) => `${Math.round(value * 100)} %`}
          marks={[0, 0.25, 0.5, 0.75].map((value) => ({ value, label: `${value * 100} %` }))}
          value={tags.dropout}
          onChange={(dropout) => {
            setTags({ ...tags, dropout });
          }}
          onChangeEnd={(dropout) => {
            change({ dropout });
          }}
          mb="lg"
        />
      </div>
      <KeptNumberField
        label="Keep in front"
        description="This many tags at the front stay in place and are never dropped. Useful for a trigger word."
        width={320}
        whole
        min={0}
        max={64}
        disabled={!varies}
        value={tags.keepFirst}
        onKeep={(keepFirst) => {
          change({ keepFirst });
        }}
      />
      <KeptNumberField
        label="Variants of each caption"
        description="Each is encoded once per run. More variants take longer to prepare."
        width={320}
        whole
        min={1}
        max={32}
        disabled={!varies}
        value={tags.variants}
        onKeep={(variants) => {
          change({ variants });
        }}
      />
    </Stack>
  );
}
