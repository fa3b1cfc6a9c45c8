import { Button, Group, Popover, Radio, Stack, Text, Textarea } from '@mantine/core';
import { IconFlask2 } from '@tabler/icons-react';
import { useState } from 'react';

import type { InputOf } from '../../../../electron/contract/api.ts';
import type { DatasetDetail } from '../../../../electron/contract/datasets.ts';
import { FailureNote } from '../../../components/failure-note.tsx';
import { Loading } from '../../../components/loading.tsx';
import { NumberField } from '../../../components/number-field.tsx';
import { countOf } from '../../../components/quantities.ts';
import { showFailure } from '../../../studio/failure.ts';
import { useStudioCommand, useStudioQuery } from '../../../studio/studio.tsx';
import classes from './images-view.module.css';

type Choice = InputOf<'datasets.setValidation'>['choice'];

/** Which images are held out from training, to judge it by. */
export function SplitMenu({ dataset }: { dataset: DatasetDetail }) {
  const [open, setOpen] = useState(false);
  return (
    <Popover
      opened={open}
      onChange={setOpen}
      width={340}
      position="bottom-start"
      // In a low window it is as high as there is room below the button, and scrolls.
      middlewares={{ flip: true, shift: true, size: { padding: 8 } }}
      trapFocus
      withinPortal
    >
      <Popover.Target>
        <Button
          variant="default"
          leftSection={<IconFlask2 size={16} aria-hidden />}
          aria-expanded={open}
          onClick={() => {
            setOpen(!open);
          }}
        >
          Hold out…
        </Button>
      </Popover.Target>
      <Popover.Dropdown className={classes.holdingOut}>
        <Split
          dataset={dataset}
          onDone={() => {
            setOpen(false);
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}

/** Begins with what is held out when it is opened; where nothing is, with a proposal. */
function Split({ dataset, onDone }: { dataset: DatasetDetail; onDone: () => void }) {
  const { data, error, isFetching } = useStudioQuery('datasets.validation', { datasetId: dataset.id });
  const [begun, setBegun] = useState<Choice | null>(null);
  // Not a second time: images that come or change meanwhile would undo what somebody has chosen here.
  if (begun === null && data !== undefined && !isFetching) setBegun(data);
  if (begun !== null) return <SplitForm dataset={dataset} now={begun} onDone={onDone} />;
  return error === null ? <Loading height={120} /> : <FailureNote error={error} />;
}

function SplitForm({ dataset, now, onDone }: { dataset: DatasetDetail; now: Choice; onDone: () => void }) {
  const images = dataset.images - dataset.excluded;
  const marks = dataset.fields.find(({ name }) => name === 'split');
  const proposed = marks !== undefined ? 'marked' : images >= 1000 ? 'count' : 'fraction';
  const [kind, setKind] = useState<Choice['kind']>(now.kind === 'none' ? proposed : now.kind);
  const [count, setCount] = useState(
    now.kind === 'count' ? now.count : Math.max(1, Math.min(100, Math.round(images / 10))),
  );
  const [percent, setPercent] = useState(now.kind === 'count' ? percentOf(now.count, images) : 10);
  const { mutate, isPending } = useStudioCommand('datasets.setValidation');
  const [names, setNames] = useState(now.kind === 'names' ? now.names.join('\n') : '');
  const choice = choiceOf(kind, count, percent, names);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        mutate({ datasetId: dataset.id, choice }, { onSuccess: onDone, onError: showFailure });
      }}
    >
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          Held-out images are never trained on. They show whether the model learned the subject or only these
          images. Now {countOf(dataset.heldOut, 'image')} of {images}.
        </Text>
        <Radio.Group
          aria-label="Hold out"
          value={kind}
          onChange={(value) => {
            setKind(value);
          }}
        >
          <Stack gap="xs">
            <Radio value="none" label="None" />
            <Group gap="xs" h={36}>
              <Radio value="count" label="A number" w={130} />
              {kind === 'count' && (
                <NumberField
                  label="Images to hold out"
                  hidesLabel
                  width={110}
                  min={1}
                  max={Math.max(1, images - 1)}
                  value={count}
                  onChange={setCount}
                />
              )}
            </Group>
            <Group gap="xs" h={36}>
              <Radio value="fraction" label="A percentage" w={130} />
              {kind === 'fraction' && (
                <NumberField
                  label="Percentage to hold out"
                  hidesLabel
                  width={110}
                  min={0.1}
                  max={90}
                  unit="%"
                  value={percent}
                  onChange={setPercent}
                />
              )}
            </Group>
            <Radio
              value="marked"
              label="As the metadata says"
              disabled={marks === undefined}
              description={
                marks === undefined
                  ? 'No image has a field called split.'
                  : 'Holds out each image whose field split says val, validation, dev, test or held-out.'
              }
            />
            <Radio value="names" label="By a list of names" />
            {kind === 'names' && <NamesField value={names} onChange={setNames} />}
          </Stack>
        </Radio.Group>
        <Text size="xs" c="dimmed">
          {kind === 'fraction' && 'About so many: images that are added later move none of them. '}
          By hand: select images and press H. Anything here can be undone.
        </Text>
        <Group justify="flex-end" className={classes.holdOutFoot}>
          <Button type="submit" loading={isPending} disabled={!isPossible(choice, images)}>
            Hold out
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function NamesField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <Textarea
      aria-label="Names of the images to hold out"
      placeholder={'fox.png\nanimals/wolf.png'}
      description="A name to a line: a path in the data set, or a file name. A list can be pasted."
      autosize
      minRows={4}
      maxRows={10}
      spellCheck={false}
      value={value}
      onChange={({ currentTarget }) => {
        onChange(currentTarget.value);
      }}
    />
  );
}

/** As the field has it, to a tenth. */
function percentOf(count: number, images: number): number {
  return Math.min(90, Math.max(0.1, Math.round((1000 * count) / images) / 10));
}

/** Some images stay to train on. */
function isPossible(choice: Choice, images: number): boolean {
  switch (choice.kind) {
    case 'count':
      return Number.isInteger(choice.count) && choice.count >= 1 && choice.count < images;
    case 'fraction':
      return choice.fraction > 0 && choice.fraction < 1;
    case 'names':
      return choice.names.length > 0;
    default:
      return true;
  }
}

function choiceOf(kind: Choice['kind'], count: number, percent: number, names: string): Choice {
  switch (kind) {
    case 'count':
      return { kind, count };
    case 'fraction':
      return { kind, fraction: percent / 100 };
    case 'names':
      return { kind, names: linesOf(names) };
    default:
      return { kind };
  }
}

/** Lines that say something; what a list of JSON or CSV has around a name is taken off. */
function linesOf(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim().replace(/^["'[\s]+|["',\]\s]+$/g, ''))
    .filter((line) => line !== '');
}
