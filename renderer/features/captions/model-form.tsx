import { Button, Group, Modal, NativeSelect, Stack, Switch, Text, Textarea, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useEffect } from 'react';

import {
  type Captioner,
  captionerKindLabels,
  type CaptioningOptionsData,
  writesTags,
} from '../../../electron/contract/captioners.ts';
import type { CaptionSource } from '../../../electron/contract/captions.ts';
import { NumberField } from '../../components/number-field.tsx';
import { useStudioQuery } from '../../studio/studio.tsx';
import { AddCaptioner } from '../captioners/add-captioner.tsx';
import { CaptionerOffers } from '../captioners/captioner-offers.tsx';

type ModelSource = Extract<CaptionSource, { readonly kind: 'model' }>;

/** Chooses a captioning model, and how its answers become captions. */
export function ModelForm({
  source,
  onChange,
}: {
  source: ModelSource;
  onChange: (source: ModelSource) => void;
}) {
  const { data: captioners } = useStudioQuery('captioners.list', {});
  const chosen = captioners?.find(({ id }) => id === source.captionerId);
  const newest = captioners?.[0]?.id;
  const { captionerId } = source;
  useEffect(() => {
    if (captionerId === 0 && newest !== undefined) onChange({ ...source, captionerId: newest });
  }, [captionerId, newest, onChange, source]);
  if (captioners === undefined) return null;
  const choose = (id: number) => {
    onChange({ ...source, captionerId: id });
  };
  if (captioners.length === 0) return <NoModels onAdded={choose} />;
  return (
    <Stack gap="sm">
      <Group gap="xs" align="end" wrap="nowrap">
        <NativeSelect
          flex={1}
          label="Model"
          value={String(captionerId)}
          data={[
            ...(chosen === undefined ? [{ value: String(captionerId), label: 'Choose one' }] : []),
            ...captioners.map((one) => ({
              value: String(one.id),
              label: labelOf(one),
              disabled: one.missing,
            })),
          ]}
          onChange={({ currentTarget }) => {
            choose(Number(currentTarget.value));
          }}
        />
        <AddCaptioner onAdded={choose} />
      </Group>
      <div>
        <GetAnother />
      </div>
      {chosen !== undefined && (
        <OptionFields
          captioner={chosen}
          options={source.options}
          onChange={(options) => {
            onChange({ ...source, options });
          }}
        />
      )}
    </Stack>
  );
}

/** The kind where the name does not say it already. */
function labelOf({ name, kind, missing }: Captioner): string {
  const label = captionerKindLabels[kind];
  const says = name.toLowerCase().includes(label.toLowerCase());
  return `${name}${says ? '' : ` – ${label}`}${missing ? ' (its folder is gone)' : ''}`;
}

/** What there is, and what each is good for. */
function NoModels({ onAdded }: { onAdded: (captionerId: number) => void }) {
  return (
    <Stack gap="sm">
      <Text size="sm">
        A captioning model is a folder of files: it looks at your images and writes their captions, on this
        machine. Download one, or add the folder of one that you have.
      </Text>
      <AddCaptioner onAdded={onAdded} />
      <CaptionerOffers />
    </Stack>
  );
}

/** The same list, for whoever wants another one. */
function GetAnother() {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button variant="subtle" size="compact-sm" onClick={open}>
        Download another model…
      </Button>
      <Modal opened={opened} onClose={close} title="Captioning models" size="xl" centered>
        <CaptionerOffers />
      </Modal>
    </>
  );
}

const details: readonly { readonly value: CaptioningOptionsData['detail']; readonly label: string }[] = [
  { value: 'short', label: 'A short sentence' },
  { value: 'detailed', label: 'A detailed sentence' },
  { value: 'more-detailed', label: 'A paragraph' },
];

function OptionFields({
  captioner,
  options,
  onChange,
}: {
  captioner: Captioner;
  options: CaptioningOptionsData;
  onChange: (options: CaptioningOptionsData) => void;
}) {
  const edit = (change: Partial<CaptioningOptionsData>) => {
    onChange({ ...options, ...change });
  };
  return (
    <>
      <TextInput
        label="Trigger word"
        description="Every caption begins with this; may be empty."
        value={options.trigger}
        onChange={({ currentTarget }) => {
          edit({ trigger: currentTarget.value });
        }}
      />
      {writesTags(captioner.kind) ? (
        <TagFields options={options} edit={edit} />
      ) : (
        <>
          {captioner.kind === 'florence-2' && (
            <NativeSelect
              label="Length"
              value={options.detail}
              data={details}
              onChange={({ currentTarget }) => {
                edit({ detail: currentTarget.value as CaptioningOptionsData['detail'] });
              }}
            />
          )}
          <Group gap="sm" align="start" wrap="nowrap">
            <NumberField
              label="Beams"
              description="How many sentences are compared to find the best; 1 is fastest."
              value={options.beams}
              min={1}
              max={16}
              onChange={(beams) => {
                edit({ beams });
              }}
            />
            <NumberField
              label="Longest"
              unit="tokens"
              value={options.longest}
              min={1}
              max={512}
              onChange={(longest) => {
                edit({ longest });
              }}
            />
          </Group>
        </>
      )}
    </>
  );
}

function TagFields({
  options,
  edit,
}: {
  options: CaptioningOptionsData;
  edit: (change: Partial<CaptioningOptionsData>) => void;
}) {
  const bounds = { min: 0, max: 1, step: 0.05 };
  return (
    <>
      <Group gap="sm" align="start" wrap="nowrap">
        <NumberField
          label="Tags from"
          description="How sure the model must be, 0 to 1."
          value={options.generalThreshold}
          {...bounds}
          onChange={(generalThreshold) => {
            edit({ generalThreshold });
          }}
        />
        <NumberField
          label="Characters from"
          value={options.characterThreshold}
          {...bounds}
          onChange={(characterThreshold) => {
            edit({ characterThreshold });
          }}
        />
      </Group>
      <Textarea
        label="Leave out"
        description="Tags to leave out of all captions, separated by commas."
        autosize
        minRows={1}
        value={options.exclude.join(',')}
        onChange={({ currentTarget }) => {
          edit({ exclude: currentTarget.value === '' ? [] : currentTarget.value.split(',') });
        }}
      />
      <Group gap="lg">
        <Switch
          size="xs"
          label="Characters first"
          checked={options.charactersFirst}
          onChange={({ currentTarget }) => {
            edit({ charactersFirst: currentTarget.checked });
          }}
        />
        <Switch
          size="xs"
          label="Keep underscores"
          checked={options.underscores}
          onChange={({ currentTarget }) => {
            edit({ underscores: currentTarget.checked });
          }}
        />
      </Group>
    </>
  );
}
