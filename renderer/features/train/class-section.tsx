import { ActionIcon, Button, Group, SimpleGrid, Stack, Switch, Text, TextInput } from '@mantine/core';
import { IconFolder, IconX } from '@tabler/icons-react';

import { type PriorSpec, priorText, usualPrior } from '../../../electron/contract/prior-spec.ts';
import { NumberField } from '../../components/number-field.tsx';
import { usePathPicker } from '../../components/path-picker.tsx';
import { FoldedSection } from './form-section.tsx';
import { useRequestForm } from './request-form.ts';

/** Pictures of the subject's kind to train on beside it, so that the model still draws others of that kind. */
export function ClassSection() {
  const { request, edit, message } = useRequestForm();
  const { prior } = request;
  const faulty = (['prompt', 'count', 'weight'] as const).some(
    (name) => message(`prior.${name}`) !== undefined,
  );
  return (
    <FoldedSection title="Class images" summary={summaryOf(prior)} faulty={faulty}>
      <Stack gap={12}>
        <Switch
          size="sm"
          label="Keep what the model knows about its kind"
          description="For one subject: beside each of your images it learns from a picture of another of its kind, so that not every dog becomes yours."
          checked={prior !== null}
          onChange={(event) => {
            edit({ prior: event.currentTarget.checked ? usualPrior : null });
          }}
        />
        {prior !== null && <ClassFields prior={prior} />}
      </Stack>
    </FoldedSection>
  );
}

function summaryOf(prior: PriorSpec | null): string {
  if (prior === null) return 'none: the model sees only your images';
  return prior.prompt.trim() === '' ? 'their kind is not named yet' : priorText(prior);
}

function ClassFields({ prior }: { prior: PriorSpec }) {
  const { edit, message } = useRequestForm();
  const change = (changed: Partial<PriorSpec>) => {
    edit({ prior: { ...prior, ...changed } });
  };
  return (
    <>
      <TextInput
        label="Its kind"
        placeholder="a dog"
        description="Captions of your images name both, as in “a zwx dog”."
        value={prior.prompt}
        error={message('prior.prompt') === undefined ? undefined : 'Enter its kind'}
        onChange={(event) => {
          change({ prompt: event.currentTarget.value });
        }}
      />
      <SimpleGrid cols={2} spacing={12}>
        {prior.folder === undefined && (
          <NumberField
            label="Pictures of it"
            description="Made by the base first, kept for later runs."
            min={1}
            step={10}
            value={prior.count}
            error={message('prior.count')}
            onChange={(count) => {
              change({ count });
            }}
          />
        )}
        <NumberField
          label="Weight"
          description="How much they count beside your images."
          step={0.1}
          value={prior.weight}
          error={message('prior.weight')}
          onChange={(weight) => {
            change({ weight });
          }}
        />
      </SimpleGrid>
      <ClassFolder
        folder={prior.folder}
        onChoose={(folder) => {
          const { folder: _folder, ...others } = prior;
          edit({ prior: { ...others, ...(folder !== undefined && { folder }) } });
        }}
      />
    </>
  );
}

function ClassFolder({
  folder,
  onChoose,
}: {
  folder: string | undefined;
  onChoose: (folder: string | undefined) => void;
}) {
  const { pick, dialog } = usePathPicker({
    title: 'Folder of class images',
    confirm: 'Use this folder',
    onPick: onChoose,
  });
  return (
    <Group gap={8} wrap="nowrap">
      <Button
        size="xs"
        variant="default"
        leftSection={<IconFolder size={14} aria-hidden />}
        onClick={pick}
        style={{ flexShrink: 0 }}
      >
        {folder === undefined ? 'I have pictures of it…' : 'Another folder…'}
      </Button>
      {folder !== undefined && (
        <>
          <Text size="xs" c="dimmed" truncate title={folder}>
            {folder}
          </Text>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label="Have them made instead"
            onClick={() => {
              onChoose(undefined);
            }}
          >
            <IconX size={14} aria-hidden />
          </ActionIcon>
        </>
      )}
      {dialog}
    </Group>
  );
}
