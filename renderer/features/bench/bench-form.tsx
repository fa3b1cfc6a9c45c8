import { ActionIcon, Button, Group, Select, SimpleGrid, Stack, Text, Textarea, Tooltip } from '@mantine/core';
import { IconDice5, IconLock, IconLockOpen } from '@tabler/icons-react';

import { lowestKeptText } from '../../../electron/contract/learned.ts';
import type { Model } from '../../../electron/contract/models.ts';
import type { RunSummary } from '../../../electron/contract/runs.ts';
import type { SamplerSettings } from '../../../electron/contract/values.ts';
import { ClipSkipField } from '../../components/clip-skip-field.tsx';
import { CutNote } from '../../components/cut-note.tsx';
import { useLowestKept } from '../../components/lowest-kept.ts';
import { NumberField } from '../../components/number-field.tsx';
import { useReading } from '../../components/read-texts.ts';
import { SamplerNumbers, SamplerSelect } from '../../components/sampler-fields.tsx';
import { WordFiles } from '../../components/word-files.tsx';
import {
  type BenchDraft,
  faultOf,
  mostPictures,
  pictureStep,
  randomSeed,
  recipeFaults,
} from './bench-draft.ts';
import { baseOf, choiceOf, modelChoices } from './bench-models.ts';
import classes from './bench-screen.module.css';
import { LoraFields } from './lora-fields.tsx';

interface DraftProps {
  readonly draft: BenchDraft;
  readonly onChange: (draft: BenchDraft) => void;
}

interface Library {
  readonly models: readonly Model[];
  readonly runs: readonly RunSummary[];
}

interface ModelChoice {
  /** An entry of the list of models and runs is chosen. */
  readonly onChooseModel: (choice: string) => void;
}

/** Everything a picture is made of; Ctrl+Enter makes it from anywhere in it. */
export function BenchForm({
  draft,
  models,
  runs,
  busy,
  onChange,
  onChooseModel,
  onMake,
}: DraftProps & Library & ModelChoice & { busy: boolean; onMake: () => void }) {
  const base = baseOf(draft.model, models, runs);
  const { layers } = useReading(base?.id);
  const fault = faultOf(draft, layers);
  const faults = recipeFaults(draft.recipe, layers);
  const sampler = {
    value: draft.recipe,
    onChange: (change: Partial<SamplerSettings>) => {
      onChange({ ...draft, recipe: { ...draft.recipe, ...change } });
    },
  };
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
        <ModelFields {...{ draft, models, runs, onChange, onChooseModel }} />
        <LoraFields {...{ draft, onChange }} />
        <WordFiles
          files={draft.recipe.embeddings}
          onChange={(embeddings) => {
            const { embeddings: _, ...recipe } = draft.recipe;
            onChange({ ...draft, recipe: { ...recipe, ...(embeddings && { embeddings }) } });
          }}
        />
        <PromptFields {...{ draft, onChange }} modelId={base?.id} />
        <Group gap="xs" wrap="nowrap" align="start" grow preventGrowOverflow={false}>
          <SamplerSelect {...sampler} />
          <ClipSkipField
            width={96}
            value={draft.recipe.clipSkip ?? 1}
            layers={layers}
            onChange={(clipSkip) => {
              sampler.onChange({ clipSkip: clipSkip === 1 ? undefined : clipSkip });
            }}
          />
        </Group>
        <SimpleGrid cols={2} spacing="xs" verticalSpacing="sm">
          <SamplerNumbers {...sampler} pixelStep={pictureStep} message={(field) => faults[field]} />
        </SimpleGrid>
        <SeedFields {...{ draft, onChange }} />
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

/** A model of the library, or a run and one of its epochs. */
function ModelFields({ draft, models, runs, onChange, onChooseModel }: DraftProps & Library & ModelChoice) {
  const { model } = draft;
  const run = model?.kind === 'run' ? runs.find(({ id }) => id === model.runId) : undefined;
  const lowest = useLowestKept(run) ?? null;
  return (
    <div>
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
            if (value !== null) onChooseModel(value);
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
      {lowest !== null && (
        <Text size="xs" c="dimmed" mt={4}>
          {lowestKeptText(lowest)}
        </Text>
      )}
    </div>
  );
}

/** @param modelId of the model whose way of reading counts; undefined where it is not in the library */
function PromptFields({ draft, onChange, modelId }: DraftProps & { modelId: number | undefined }) {
  const { embeddings } = draft.recipe;
  const note = (text: string) =>
    modelId !== undefined && <CutNote prompt {...{ text, modelId, embeddings }} />;
  return (
    <>
      <Textarea
        label="Prompt"
        rows={4}
        resize="vertical"
        value={draft.prompt}
        onChange={({ currentTarget }) => {
          onChange({ ...draft, prompt: currentTarget.value });
        }}
      />
      {note(draft.prompt)}
      <Textarea
        label="Negative prompt"
        rows={2}
        resize="vertical"
        value={draft.negativePrompt}
        onChange={({ currentTarget }) => {
          onChange({ ...draft, negativePrompt: currentTarget.value });
        }}
      />
      {note(draft.negativePrompt)}
    </>
  );
}

/** From which noise, and how many pictures from as many seeds. */
function SeedFields({ draft, onChange }: DraftProps) {
  return (
    <Group gap="xs" wrap="nowrap" align="end">
      <NumberField
        label="Seed"
        value={draft.seed}
        onChange={(seed) => {
          onChange({ ...draft, seed, seedLocked: true });
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
      <NumberField
        label="Pictures"
        width={84}
        min={1}
        max={mostPictures}
        value={draft.count}
        onChange={(count) => {
          onChange({ ...draft, count });
        }}
      />
    </Group>
  );
}
