import {
  ActionIcon,
  Button,
  Group,
  NumberInput,
  Select,
  Stack,
  Text,
  Textarea,
  Tooltip,
} from '@mantine/core';
import { IconDice5, IconLock, IconLockOpen } from '@tabler/icons-react';

import type { Model } from '../../../electron/contract/models.ts';
import type { RunSummary } from '../../../electron/contract/runs.ts';
import { samplerName } from '../../../electron/contract/values.ts';
import { samplerText } from '../../components/sampler-text.ts';
import { type BenchDraft, faultOf, mostPictures, randomSeed, withModel } from './bench-draft.ts';
import { baseOf, choiceOf, modelChoices, modelOfChoice } from './bench-models.ts';
import classes from './bench-screen.module.css';

/** Everything a picture is made of; Ctrl+Enter makes it from anywhere in it. */
export function BenchForm({
  draft,
  models,
  runs,
  busy,
  onChange,
  onMake,
}: {
  draft: BenchDraft;
  models: readonly Model[];
  runs: readonly RunSummary[];
  busy: boolean;
  onChange: (draft: BenchDraft) => void;
  onMake: () => void;
}) {
  const base = baseOf(draft.model, models, runs);
  const pixelStep = base?.pixelStep ?? 8;
  const fault = faultOf(draft, pixelStep);
  const { recipe, model } = draft;
  const setRecipe = (change: Partial<typeof recipe>) => {
    onChange({ ...draft, recipe: { ...recipe, ...change } });
  };
  const run = model?.kind === 'run' ? runs.find(({ id }) => id === model.runId) : undefined;
  const number = (value: string | number) => (value === '' ? Number.NaN : Number(value));
  const shown = (value: number) => (Number.isNaN(value) ? '' : value);

  return (
    <form
      className={classes.form}
      aria-label="What to make"
      onSubmit={(event) => {
        event.preventDefault();
        if (fault === null) onMake();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && fault === null) onMake();
      }}
    >
      <Stack gap="sm" className={classes.fields}>
        <Group gap="xs" wrap="nowrap" align="end">
          <Select
            flex={1}
            label="Model"
            placeholder="Choose a model"
            data={[...modelChoices(models, runs)]}
            value={choiceOf(model)}
            allowDeselect={false}
            searchable={models.length + runs.length > 8}
            onChange={(value) => {
              const next = value === null ? null : modelOfChoice(value, runs);
              if (next === null) return;
              const resolution = baseOf(next, models, runs)?.resolution ?? recipe.width;
              onChange(withModel(draft, next, base?.resolution ?? null, resolution));
            }}
          />
          {model?.kind === 'run' && run !== undefined && (
            <Select
              w={96}
              label="Epoch"
              data={[0, ...run.checkpoints].map((epoch) => ({
                value: String(epoch),
                label: epoch === 0 ? 'Base' : String(epoch),
              }))}
              value={String(model.epoch)}
              allowDeselect={false}
              onChange={(value) => {
                onChange({ ...draft, model: { ...model, epoch: Number(value) } });
              }}
            />
          )}
        </Group>
        <Textarea
          label="Prompt"
          rows={4}
          resize="vertical"
          value={draft.prompt}
          onChange={({ currentTarget }) => {
            onChange({ ...draft, prompt: currentTarget.value });
          }}
        />
        <Textarea
          label="Negative prompt"
          rows={2}
          resize="vertical"
          value={draft.negativePrompt}
          onChange={({ currentTarget }) => {
            onChange({ ...draft, negativePrompt: currentTarget.value });
          }}
        />
        <Select
          label="Sampler"
          data={samplerName.options.map((value) => ({ value, label: samplerText(value) }))}
          value={recipe.sampler}
          allowDeselect={false}
          onChange={(value) => {
            if (value !== null) setRecipe({ sampler: value });
          }}
        />
        <Group gap="xs" grow>
          <NumberInput
            label="Steps"
            min={1}
            max={1000}
            value={shown(recipe.steps)}
            onChange={(value) => {
              setRecipe({ steps: number(value) });
            }}
          />
          <NumberInput
            label="Guidance scale"
            min={0}
            max={100}
            step={0.5}
            decimalScale={2}
            value={shown(recipe.guidanceScale)}
            onChange={(value) => {
              setRecipe({ guidanceScale: number(value) });
            }}
          />
        </Group>
        <Group gap="xs" grow>
          {(['width', 'height'] as const).map((side) => (
            <NumberInput
              key={side}
              label={side === 'width' ? 'Width' : 'Height'}
              min={pixelStep}
              max={4096}
              step={pixelStep}
              value={shown(recipe[side])}
              onChange={(value) => {
                setRecipe({ [side]: number(value) });
              }}
            />
          ))}
        </Group>
        <Group gap="xs" wrap="nowrap" align="end">
          <NumberInput
            flex={1}
            label="Seed"
            min={0}
            hideControls
            value={shown(draft.seed)}
            onChange={(value) => {
              onChange({ ...draft, seed: number(value), seedLocked: true });
            }}
          />
          <Tooltip label={draft.seedLocked ? 'The seed stays' : 'A new seed each time'}>
            <ActionIcon
              variant="default"
              size={36}
              aria-label="Keep the seed"
              aria-pressed={draft.seedLocked}
              onClick={() => {
                onChange({ ...draft, seedLocked: !draft.seedLocked });
              }}
            >
              {draft.seedLocked ? <IconLock size={18} /> : <IconLockOpen size={18} />}
            </ActionIcon>
          </Tooltip>
          <Tooltip label="Another seed">
            <ActionIcon
              variant="default"
              size={36}
              aria-label="Another seed"
              onClick={() => {
                onChange({ ...draft, seed: randomSeed(Math.random) });
              }}
            >
              <IconDice5 size={18} />
            </ActionIcon>
          </Tooltip>
          <NumberInput
            w={84}
            label="Pictures"
            min={1}
            max={mostPictures}
            value={shown(draft.count)}
            onChange={(value) => {
              onChange({ ...draft, count: number(value) });
            }}
          />
        </Group>
      </Stack>
      <div className={classes.make}>
        <Button type="submit" fullWidth size="md" loading={busy} disabled={fault !== null}>
          {draft.count > 1 ? `Make ${draft.count} pictures` : 'Make a picture'}
        </Button>
        <Text size="xs" c="dimmed" mt={6} ta="center" mih={18}>
          {fault ?? 'Ctrl+Enter'}
        </Text>
      </div>
    </form>
  );
}
