import {
  Anchor,
  Checkbox,
  Group,
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  Text,
  TextInput,
} from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';

import { usualLearningRate } from '../../../electron/contract/learning-rates.ts';
import { ranksText } from '../../../electron/contract/loras.ts';
import type { Model } from '../../../electron/contract/models.ts';
import { bytesText } from '../../../electron/contract/quantities.ts';
import { formMethods, type RunAim, runAims } from '../../../electron/contract/runs.ts';
import { NumberField } from '../../components/number-field.tsx';
import { numberText } from '../../components/number-text.ts';
import { parametersText } from '../../components/quantities.ts';
import { useStudioQuery } from '../../studio/studio.tsx';
import { useDraft } from './draft-context.ts';
import { FormSection } from './form-section.tsx';
import { useRequestForm } from './request-form.ts';
import { triedOut } from './swept-choices.ts';
import { WordFields } from './word-fields.tsx';

/** The model a run starts from. */
export function BaseSection({ models }: { models: readonly Model[] }) {
  const { request } = useRequestForm();
  const { chooseBase } = useDraft();
  const chosen = models.find(({ id }) => id === request.baseModelId);
  return (
    <FormSection title="Base model">
      <Stack gap={8}>
        <Select
          aria-label="Base model"
          data={models.map(({ id, name, missing }) => ({
            value: String(id),
            label: missing ? `${name} (its folder is gone)` : name,
            disabled: missing,
          }))}
          value={String(request.baseModelId)}
          allowDeselect={false}
          searchable={models.length > 8}
          onChange={(value) => {
            if (value !== null) chooseBase(Number(value));
          }}
        />
        <Group justify="space-between" gap="xs">
          <Text size="xs" c="dimmed" className="figures">
            {chosen === undefined ? ' ' : modelFacts(chosen)}
          </Text>
          <Anchor component={Link} href="/models" size="xs">
            Add a model
          </Anchor>
        </Group>
        <MoreBases models={models.filter(({ id, missing }) => id !== request.baseModelId && !missing)} />
      </Stack>
    </FormSection>
  );
}

/** Other bases for the same run, so that one grid shows what each makes of the same images. */
function MoreBases({ models }: { models: readonly Model[] }) {
  const { request, edit } = useRequestForm();
  const { moreBaseIds } = request;
  const [asked, setAsked] = useState(false);
  const comparing = asked || moreBaseIds.length > 0;
  if (models.length === 0 && !comparing) return null;
  return (
    <Stack gap={8} mt={8}>
      <Switch
        size="xs"
        label="Compare bases"
        checked={comparing}
        onChange={(event) => {
          setAsked(event.currentTarget.checked);
          if (!event.currentTarget.checked) edit({ moreBaseIds: [] });
        }}
      />
      {comparing && (
        <Checkbox.Group
          aria-label="Other bases"
          value={moreBaseIds.map(String)}
          description="Each gets a run of its own, with the same settings."
          onChange={(values) => {
            edit({ moreBaseIds: values.map(Number) });
          }}
        >
          <Stack gap={8} mt={8}>
            {models.map((model) => (
              <Checkbox
                key={model.id}
                value={String(model.id)}
                label={model.name}
                description={modelFacts(model)}
              />
            ))}
          </Stack>
        </Checkbox.Group>
      )}
    </Stack>
  );
}

/** `64 px · 7.2 M parameters · 14 MB` */
function modelFacts({ resolution, parameters, bytes }: Model): string {
  return `${resolution} px · ${parametersText(parameters)} parameters · ${bytesText(bytes)}`;
}

const aimWords: Readonly<Record<RunAim, { readonly label: string; readonly explanation: string }>> = {
  style: { label: 'A style', explanation: 'How all of the images look, whatever they show.' },
  character: {
    label: 'A character',
    explanation: 'Somebody in many situations, called by a name in the captions.',
  },
  object: {
    label: 'An object',
    explanation: 'One thing, called by a name in the captions; a few images are enough.',
  },
};

function AimChoice() {
  const { choice, chooseAim } = useDraft();
  const aim = choice.aim ?? 'style';
  return (
    <Stack gap={4}>
      <SegmentedControl
        aria-label="What it should learn"
        fullWidth
        data={runAims.map((value) => ({ value, label: aimWords[value].label }))}
        value={aim}
        onChange={(value) => {
          const chosen = runAims.find((other) => other === value);
          if (chosen !== undefined) chooseAim(chosen);
        }}
      />
      <Text size="xs" c="dimmed">
        {aimWords[aim].explanation}
      </Text>
    </Stack>
  );
}

/** What is trained of it, for how long and how fast. */
export function MethodSection() {
  const { request, edit, message, warning } = useRequestForm();
  const { chooseMethod } = useDraft();
  const { method, train } = request;
  const methodsTried = triedOut(request, 'method.kind');
  return (
    <FormSection title="Training">
      <Stack gap={14}>
        <AimChoice />
        <SegmentedControl
          aria-label="Method"
          fullWidth
          data={[
            { value: 'full', label: 'Full finetuning' },
            { value: 'lora', label: 'LoRA' },
            { value: 'embedding', label: 'New word' },
          ]}
          value={method.kind}
          onChange={(kind) => {
            const chosen = formMethods.find((other) => other === kind);
            if (chosen !== undefined) chooseMethod(chosen);
          }}
        />
        {methodsTried !== undefined && (
          <Text size="xs" c="dimmed">
            {methodsTried}
          </Text>
        )}
        <WordFields />
        <SimpleGrid cols={method.kind === 'lora' ? 3 : 2} spacing={12}>
          <NumberField
            label="Epochs"
            value={train.epochs}
            min={1}
            description={triedOut(request, 'train.epochs')}
            error={message('train.epochs')}
            warning={warning('train.epochs')}
            onChange={(epochs) => {
              edit({ train: { epochs } });
            }}
          />
          <NumberField
            label="Learning rate"
            value={train.learningRate}
            optional
            step={train.learningRate === undefined ? 0 : stepOf(train.learningRate)}
            min={Number.MIN_VALUE}
            placeholder={numberText(usualLearningRate(method.kind, train.optimizer))}
            description={triedOut(request, 'train.learningRate')}
            error={message('train.learningRate')}
            warning={warning('train.learningRate')}
            onChange={(learningRate) => {
              edit({ train: { learningRate } });
            }}
          />
          {method.kind === 'lora' && (
            <NumberField
              label="Rank"
              value={method.rank}
              min={1}
              description={triedOut(request, 'method.rank')}
              error={message('method.rank')}
              warning={warning('method.rank')}
              onChange={(rank) => {
                edit({ method: { rank } });
              }}
            />
          )}
        </SimpleGrid>
        {method.kind === 'lora' && <BeginningField />}
        {method.kind !== 'embedding' && (
          <Switch
            size="sm"
            label="Train the text encoder too"
            description="Learns new words, but needs a smaller learning rate and forgets sooner."
            checked={'textEncoder' in method && method.textEncoder}
            onChange={(event) => {
              edit({ method: { textEncoder: event.currentTarget.checked } });
            }}
          />
        )}
        <TextInput
          label="Name"
          value={request.name}
          error={message('name')}
          onChange={(event) => {
            edit({ name: event.currentTarget.value });
          }}
        />
      </Stack>
    </FormSection>
  );
}

const fresh = 'fresh';

/** A LoRA of the library to train on; nothing to see while there is none that could be. */
function BeginningField() {
  const { request, edit } = useRequestForm();
  const all = useStudioQuery('loras.list', {}).data ?? [];
  const { method } = request;
  if (method.kind !== 'lora') return null;
  const loras = all.filter(({ form, ranks, missing }) => form === 'lora' && ranks.length === 1 && !missing);
  const chosen = loras.find(({ path }) => path === method.from);
  if (loras.length === 0 && method.from === undefined) return null;
  return (
    <Select
      label="Begins"
      data={[
        { value: fresh, label: 'As no change' },
        ...loras.map(({ path, name, ranks }) => ({
          value: path,
          label: `With ${name}, ${ranksText(ranks)}`,
        })),
        ...(method.from !== undefined && chosen === undefined
          ? [{ value: method.from, label: `With ${method.from}` }]
          : []),
      ]}
      value={method.from ?? fresh}
      allowDeselect={false}
      onChange={(value) => {
        const lora = loras.find(({ path }) => path === value);
        edit({ method: { from: lora?.path, ...(lora && { rank: lora.ranks[0]!, alpha: undefined }) } });
      }}
    />
  );
}

/** One in the first figure: 1e-5 goes to 2e-5. */
const stepOf = (value: number) => 10 ** Math.floor(Math.log10(Math.max(value, Number.MIN_VALUE)));
