import { ActionIcon, Button, Group, SimpleGrid, Stack, Text, Textarea } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';

import { type PromptData, samplerLabel, type SamplerSettings } from '../../../electron/contract/values.ts';
import { hasOwnSentences } from '../../../electron/contract/word-spec.ts';
import { CutNote } from '../../components/cut-note.tsx';
import { NumberListField } from '../../components/number-list-field.tsx';
import { countOf } from '../../components/quantities.ts';
import { SamplerNumbers, SamplerSelect } from '../../components/sampler-fields.tsx';
import { WordFiles } from '../../components/word-files.tsx';
import { FoldedSection } from './form-section.tsx';
import { useRequestForm } from './request-form.ts';

/** The pictures made at every checkpoint: prompts, seeds, and how noise becomes a picture. */
export function SamplesSection({ planned }: { planned: readonly PromptData[] }) {
  const { request, message, warning } = useRequestForm();
  const { prompts, seeds, recipe, method } = request;
  const faulty = ['prompts', 'seeds', 'recipe'].some((part) => message(part) !== undefined);
  return (
    <FoldedSection
      title="Pictures"
      faulty={faulty}
      doubt={pictureNumbers.map((name) => warning(`recipe.${name}`)).find((text) => text !== undefined)}
      summary={[
        prompts.length > 0
          ? promptCount(prompts.length)
          : hasOwnSentences(method)
            ? 'sentences with the word'
            : 'captions of the images',
        seeds.length === 1 ? `seed ${seeds[0]!}` : `${seeds.length} seeds`,
        `${samplerLabel(recipe.sampler)}, ${countOf(recipe.steps, 'step')}`,
        ...(recipe.embeddings?.length ? [wordCount(recipe.embeddings.length)] : []),
      ].join(' · ')}
    >
      <Stack gap={16}>
        <PromptList planned={planned} />
        <LentWords />
        <Seeds />
        <SamplerSettings />
      </Stack>
    </FoldedSection>
  );
}

const pictureNumbers = ['steps', 'guidanceScale', 'width', 'height'] as const;

const promptCount = (count: number) => (count === 1 ? '1 prompt' : `${count} prompts`);

const wordCount = (count: number) => (count === 1 ? '1 new word' : `${count} new words`);

/** Of what pictures are made where nobody typed a prompt; `planned` is empty until that is known. */
function ownPrompts(planned: readonly PromptData[], ownSentences: boolean): string {
  if (planned.length === 0)
    return ownSentences
      ? 'Prompts are sentences with the word.'
      : 'Prompts are captions of held-out images, or of images trained on.';
  if (planned.every(({ prompt }) => prompt === ''))
    return 'Pictures are made without a prompt, as no image has a caption.';
  const what = ownSentences ? 'sentences with the word' : 'captions of the images';
  return `Prompts are ${what}: ${planned.map(({ prompt }) => `“${prompt}”`).join(', ')}.`;
}

function PromptList({ planned }: { planned: readonly PromptData[] }) {
  const { request, edit } = useRequestForm();
  const { prompts } = request;
  const ownSentences = hasOwnSentences(request.method);
  const change = (index: number, part: Partial<PromptData>) => {
    edit({ prompts: prompts.map((prompt, at) => (at === index ? { ...prompt, ...part } : prompt)) });
  };
  return (
    <Stack gap={8}>
      {prompts.length === 0 && (
        <Text size="sm" c="dimmed">
          {ownPrompts(planned, ownSentences)}
        </Text>
      )}
      {prompts.map(({ prompt, negativePrompt }, index) => (
        <Group key={index} gap={8} align="start" wrap="nowrap">
          <Stack gap={4} flex={3}>
            <Textarea
              autosize
              maxRows={4}
              aria-label={`Prompt ${index + 1}`}
              placeholder="Prompt"
              value={prompt}
              onChange={(event) => {
                change(index, { prompt: event.currentTarget.value });
              }}
            />
            <CutNote prompt text={prompt} modelId={request.baseModelId} />
          </Stack>
          <Stack gap={4} flex={2}>
            <Textarea
              autosize
              maxRows={4}
              aria-label={`Negative prompt ${index + 1}`}
              placeholder="Negative prompt"
              value={negativePrompt}
              onChange={(event) => {
                change(index, { negativePrompt: event.currentTarget.value });
              }}
            />
            <CutNote prompt text={negativePrompt} modelId={request.baseModelId} />
          </Stack>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={34}
            aria-label={`Remove prompt ${index + 1}`}
            onClick={() => {
              edit({ prompts: prompts.filter((_, at) => at !== index) });
            }}
          >
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
      ))}
      <Group gap={8}>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconPlus size={14} />}
          onClick={() => {
            edit({ prompts: [...prompts, { prompt: '', negativePrompt: '' }] });
          }}
        >
          Add a prompt
        </Button>
        {prompts.length === 0 && planned.length > 0 && (
          <Button
            variant="subtle"
            color="gray"
            size="xs"
            onClick={() => {
              edit({ prompts: planned });
            }}
          >
            Edit these
          </Button>
        )}
      </Group>
    </Stack>
  );
}

/** Words of files for the prompts, besides the one that the run itself may teach. */
function LentWords() {
  const { request, edit } = useRequestForm();
  return (
    <WordFiles
      files={request.recipe.embeddings}
      // “New word” is a method of training here.
      label="Add a word from a file"
      onChange={(embeddings) => {
        edit({ recipe: { embeddings } });
      }}
    />
  );
}

function Seeds() {
  const { request, edit, message } = useRequestForm();
  return (
    <NumberListField
      label="Seeds"
      description="Each prompt makes one picture per seed, from the same noise at every epoch."
      values={request.seeds}
      error={message('seeds')}
      onChange={(seeds) => {
        edit({ seeds });
      }}
    />
  );
}

function SamplerSettings() {
  const { request, edit, message, warning } = useRequestForm();
  const fields = {
    value: request.recipe,
    onChange: (change: Partial<SamplerSettings>) => {
      edit({ recipe: change });
    },
  };
  return (
    <SimpleGrid cols={{ base: 2, lg: 3 }} spacing={12}>
      <SamplerSelect {...fields} />
      <SamplerNumbers
        {...fields}
        message={(field) => message(`recipe.${field}`)}
        warning={(field) => warning(`recipe.${field}`)}
      />
    </SimpleGrid>
  );
}
