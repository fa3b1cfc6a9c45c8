import { Button, CloseButton, Divider, Drawer, Group, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { IconDice5 } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import type { PromptData } from '../../../electron/contract/values.ts';
import beside from '../../components/beside.module.css';
import { FailureNote } from '../../components/failure-note.tsx';
import { promptText } from '../../components/prompt-text.ts';
import { countOf } from '../../components/quantities.ts';
import { useStudioCommand } from '../../studio/studio.tsx';
import { promptKey } from './axes.ts';
import type { Book } from './book.ts';
import { promptsFromLines, seedsFromText } from './prompt-lines.ts';
import classes from './samples-drawer.module.css';

interface Samples {
  readonly prompts: readonly PromptData[];
  readonly seeds: readonly number[];
}

/** Which prompts and seeds the runs' pictures are made of. Every change holds at once; what is new is made behind. */
export function SamplesDrawer({ open, book, onClose }: { open: boolean; book: Book; onClose: () => void }) {
  return (
    <Drawer
      opened={open}
      onClose={onClose}
      position="right"
      size={440}
      title="Prompts and seeds"
      // The pictures go on coming behind it.
      overlayProps={{ backgroundOpacity: 0.06 }}
    >
      <SamplesForm book={book} />
    </Drawer>
  );
}

function SamplesForm({ book }: { book: Book }) {
  const { change, before, error, busy } = useChange(book);
  const prompts = [...book.prompts.values()].map(({ prompt, negativePrompt }) => ({
    prompt,
    negativePrompt,
  }));
  const seeds = book.values.seed;
  const now: Samples = { prompts, seeds };
  const runs = book.runs.size;
  const checkpoints = [...book.runs.values()].reduce((sum, { epochs }) => sum + epochs.length, 0);
  const pictures = (count: number) => `${countOf(count * checkpoints, 'picture')}, one for each checkpoint`;
  return (
    <Stack gap="lg">
      {runs > 1 && (
        <Text size="sm" c="dimmed">
          Changes hold for all {runs} runs that are compared.
        </Text>
      )}
      {error !== null && <FailureNote error={error} />}
      <section>
        <Text size="sm" fw={600} mb={6}>
          Prompts
        </Text>
        <PromptList
          prompts={prompts}
          disabled={prompts.length === 1 || busy}
          onRemove={(prompt) => {
            change({ prompts: prompts.filter((one) => one !== prompt), seeds }, now);
          }}
        />
        <AddPrompts
          present={prompts}
          busy={busy}
          costs={(count) => pictures(count * seeds.length)}
          onAdd={(added) => {
            change({ prompts: [...prompts, ...added], seeds }, null);
          }}
        />
      </section>
      <Divider />
      <section>
        <Text size="sm" fw={600} mb={6}>
          Seeds
        </Text>
        <SeedList
          seeds={seeds}
          disabled={seeds.length === 1 || busy}
          onRemove={(seed) => {
            change({ prompts, seeds: seeds.filter((one) => one !== seed) }, now);
          }}
        />
        <AddSeeds
          present={seeds}
          busy={busy}
          costs={(count) => pictures(count * prompts.length)}
          onAdd={(added) => {
            change({ prompts, seeds: [...seeds, ...added] }, null);
          }}
        />
      </section>
      <Group gap="xs" mih={30} role="status">
        {before !== null && (
          <>
            <Text size="sm" c="dimmed">
              Removed. Pictures already made are kept.
            </Text>
            <Button
              size="compact-sm"
              variant="subtle"
              onClick={() => {
                change(before, null);
              }}
            >
              Undo
            </Button>
          </>
        )}
      </Group>
    </Stack>
  );
}

/** Changes what the runs' pictures are made of, keeping what Undo would bring back. */
function useChange(book: Book) {
  const queries = useQueryClient();
  const { mutate, error, isPending } = useStudioCommand('runs.setSamples');
  const [before, setBefore] = useState<Samples | null>(null);
  return {
    before,
    error,
    busy: isPending,
    /** @param undo what was before; null where there is nothing to bring back */
    change: ({ prompts, seeds }: Samples, undo: Samples | null) => {
      mutate(
        { runIds: [...book.values.run], prompts: [...prompts], seeds: [...seeds] },
        {
          onSuccess: () => {
            setBefore(undo);
            void queries.invalidateQueries({ queryKey: ['gallery.comparison'] });
          },
        },
      );
    },
  };
}

function PromptList({
  prompts,
  disabled,
  onRemove,
}: {
  prompts: readonly PromptData[];
  disabled: boolean;
  onRemove: (prompt: PromptData) => void;
}) {
  return (
    <ul className={classes.list}>
      {prompts.map((prompt) => (
        <li key={promptKey(prompt)} className={classes.item}>
          <div className={classes.words}>
            <Text size="sm">{promptText(prompt)}</Text>
            {prompt.negativePrompt !== '' && (
              <Text size="xs" c="dimmed">
                without {prompt.negativePrompt}
              </Text>
            )}
          </div>
          <CloseButton
            size="sm"
            aria-label={`Remove the prompt ${promptText(prompt)}`}
            disabled={disabled}
            onClick={() => {
              onRemove(prompt);
            }}
          />
        </li>
      ))}
    </ul>
  );
}

function SeedList({
  seeds,
  disabled,
  onRemove,
}: {
  seeds: readonly number[];
  disabled: boolean;
  onRemove: (seed: number) => void;
}) {
  return (
    <Group gap={6} mb="sm" component="ul" className={classes.seeds}>
      {seeds.map((seed) => (
        <li key={seed} className={`${classes.seed} figures`}>
          {seed}
          <CloseButton
            size={18}
            aria-label={`Remove seed ${seed}`}
            disabled={disabled}
            onClick={() => {
              onRemove(seed);
            }}
          />
        </li>
      ))}
    </Group>
  );
}

interface Adding<T> {
  present: readonly T[];
  busy: boolean;
  /** What so many more would have to be made. */
  costs: (count: number) => string;
  onAdd: (added: readonly T[]) => void;
}

function AddPrompts({ present, busy, costs, onAdd }: Adding<PromptData>) {
  const [lines, setLines] = useState('');
  const [negative, setNegative] = useState('');
  const added = promptsFromLines(lines, negative, present);
  return (
    <Stack gap="xs">
      <Textarea
        label="New prompts"
        description="One on each line"
        rows={4}
        resize="vertical"
        value={lines}
        onChange={({ currentTarget }) => {
          setLines(currentTarget.value);
        }}
      />
      <TextInput
        label="Negative prompt"
        description="For all of them; may be empty"
        value={negative}
        onChange={({ currentTarget }) => {
          setNegative(currentTarget.value);
        }}
      />
      <AddButton
        label={added.length > 1 ? `Add ${added.length} prompts` : 'Add prompt'}
        note={added.length > 0 ? costs(added.length) : ''}
        disabled={added.length === 0}
        busy={busy}
        onClick={() => {
          onAdd(added);
          setLines('');
        }}
      />
    </Stack>
  );
}

function AddSeeds({ present, busy, costs, onAdd }: Adding<number>) {
  const [text, setText] = useState('');
  const seeds = seedsFromText(text);
  const added = seeds?.filter((seed) => !present.includes(seed)) ?? [];
  return (
    <Stack gap="xs">
      <Group gap="xs" align="start" wrap="nowrap">
        <TextInput
          flex={1}
          label="New seeds"
          description="Numbers and ranges: 1, 2, 8-11"
          value={text}
          error={seeds === null ? 'Enter whole numbers from 0 up.' : undefined}
          onChange={({ currentTarget }) => {
            setText(currentTarget.value);
          }}
        />
        <Button
          className={beside.field}
          variant="default"
          leftSection={<IconDice5 size={16} aria-hidden />}
          onClick={() => {
            const random = String(Math.floor(Math.random() * 2 ** 32));
            setText((now) => (now.trim() === '' ? random : `${now.trim()}, ${random}`));
          }}
        >
          Random
        </Button>
      </Group>
      <AddButton
        label={added.length > 1 ? `Add ${added.length} seeds` : 'Add seed'}
        note={added.length > 0 ? costs(added.length) : ''}
        disabled={added.length === 0}
        busy={busy}
        onClick={() => {
          onAdd(added);
          setText('');
        }}
      />
    </Stack>
  );
}

function AddButton({
  label,
  note,
  disabled,
  busy,
  onClick,
}: {
  label: string;
  note: string;
  disabled: boolean;
  busy: boolean;
  onClick: () => void;
}) {
  return (
    <Group justify="space-between" wrap="nowrap">
      <Text size="xs" c="dimmed" className="figures">
        {note}
      </Text>
      <Button disabled={disabled} loading={busy} onClick={onClick}>
        {label}
      </Button>
    </Group>
  );
}
