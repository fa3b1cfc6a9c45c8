import { Select, SimpleGrid, Stack, Switch, Text } from '@mantine/core';
import type { ReactNode } from 'react';

import { optimizerFacts, optimizerKinds, settingsByName } from '../../../electron/contract/optimizer-spec.ts';
import type { RunPlan, RunRequest } from '../../../electron/contract/runs.ts';
import {
  precisionChoices,
  precisionLabels,
  providerLabels,
  providerName,
} from '../../../electron/contract/values.ts';
import { GpuSelect } from '../../components/gpu-select.tsx';
import { NumberField } from '../../components/number-field.tsx';
import { NumberListField } from '../../components/number-list-field.tsx';
import classes from './advanced-section.module.css';
import { advancedSummary } from './advanced-summary.ts';
import { AugmentationFields } from './augmentation-fields.tsx';
import { CaptionReadingFields } from './caption-reading-fields.tsx';
import { useDraft } from './draft-context.ts';
import { FoldedSection } from './form-section.tsx';
import { LoraExtras } from './lora-extras.tsx';
import { LossFields, NoiseFields } from './loss-fields.tsx';
import { MaskFields } from './mask-fields.tsx';
import { useRequestForm } from './request-form.ts';
import { ShortenedNumbers } from './shortened-numbers.tsx';
import { WordExtras } from './word-fields.tsx';

/** Everything most runs leave as it is, in groups by what it is about. */
export function AdvancedSection({ buckets }: { buckets: RunPlan['buckets'] }) {
  const { request, message, warning } = useRequestForm();
  const faulty = [
    ...trainNumbers,
    'checkpoints',
    'optimizer',
    'fusedBackward',
    'clipSkip',
    'loss',
    'noise',
    'masks',
    'augmentation',
  ].some((name) => message(`train.${name}`) !== undefined);
  const doubt = ['resolution', ...trainNumbers.map((name) => `train.${name}`)]
    .map((path) => warning(path))
    .find((text) => text !== undefined);
  return (
    <FoldedSection
      title="Advanced"
      summary={advancedSummary(request)}
      faulty={
        faulty || message('resolution') !== undefined || loraFields.some((name) => message(`method.${name}`))
      }
      doubt={doubt}
    >
      <Stack gap={20}>
        <Group title="Batch">
          <TrainNumber name="batchSize" label="Batch size" min={1} />
          <TrainNumber
            name="gradientAccumulation"
            label="Gradient accumulation"
            min={1}
            description="Batches per step."
          />
          <ImagesAtOnce />
          <Resolution />
        </Group>
        <Group title="Learning rate">
          <LearningRateSchedule />
          <TrainNumber name="warmupSteps" label="Warm-up" unit="steps" />
        </Group>
        <OptimizerGroup />
        <Group title="Loss">
          <TrainNumber name="minSnrGamma" label="Min-SNR γ" step={0.5} description="0: off, 5 is usual." />
          <LossFields />
        </Group>
        <Group title="Noise">
          <NoiseFields />
        </Group>
        <Group title="Images and captions">
          <TrainNumber
            name="captionDropout"
            label="Caption dropout"
            step={0.05}
            description="Share of images trained without their caption, which guidance needs."
          />
          <TrainNumber name="seed" label="Training seed" />
          <MaskFields />
          <CaptionReadingFields />
        </Group>
        <Group title="Altered images">
          <AugmentationFields buckets={buckets} />
        </Group>
        <CheckpointGroup />
        {request.method.kind === 'lora' && <LoraGroup />}
        {request.method.kind === 'embedding' && <WordGroup />}
        <Group title="Model and device">
          <Provider />
          <Gpu />
          <ComputePrecision />
          <ShortenedNumbers />
        </Group>
      </Stack>
    </FoldedSection>
  );
}

/** Of a batch, where it is too large for the memory. */
function ImagesAtOnce() {
  const { request, edit, message } = useRequestForm();
  const { batchSize, imagesAtOnce } = request.train;
  if (batchSize === 1 && imagesAtOnce === undefined) return null;
  return (
    <NumberField
      label="Images at once"
      description="Of a batch, to save memory. Empty: all."
      placeholder="all"
      optional
      min={1}
      value={imagesAtOnce}
      error={message('train.imagesAtOnce')}
      onChange={(value) => {
        edit({ train: { imagesAtOnce: value } });
      }}
    />
  );
}

function OptimizerGroup() {
  return (
    <Group title="Optimizer">
      <OptimizerSelect />
      <OptimizerSettings />
      <TrainNumber
        name="maxGradientNorm"
        label="Clip gradients at norm"
        step={0.1}
        description="0: no clipping."
      />
      <TrainNumber name="emaDecay" label="EMA decay" step={0.001} description="0: no average." />
      <FusedBackward />
    </Group>
  );
}

function CheckpointGroup() {
  return (
    <Group title="Checkpoints" wide>
      <Checkpoints />
      <SimpleGrid cols={{ base: 2, lg: 3 }} spacing={12}>
        <Precision />
        <TrainNumber
          name="patience"
          label="Stop early after"
          unit="checkpoints"
          description="In a row without a lower held-out loss. At 0 it never does."
        />
        <TrainNumber
          name="stateEveryMinutes"
          label="Save the state every"
          unit="min"
          description="For resuming after a crash."
        />
      </SimpleGrid>
    </Group>
  );
}

function WordGroup() {
  return (
    <Group title="New word">
      <WordExtras />
    </Group>
  );
}

function LoraGroup() {
  return (
    <Group title="LoRA">
      <Alpha />
      <LoraExtras />
    </Group>
  );
}

function Group({ title, wide = false, children }: { title: string; wide?: boolean; children: ReactNode }) {
  return (
    <Stack gap={8} role="group" aria-label={title}>
      <Text size="xs" fw={600} c="dimmed">
        {title}
      </Text>
      {wide ? (
        <Stack gap={12}>{children}</Stack>
      ) : (
        <SimpleGrid cols={{ base: 2, lg: 3 }} spacing={12}>
          {children}
        </SimpleGrid>
      )}
    </Stack>
  );
}

const loraFields = ['alpha', 'convRank', 'convAlpha', 'blockRanks', 'rankDropout', 'upRate'];

const trainNumbers = [
  'batchSize',
  'gradientAccumulation',
  'warmupSteps',
  'maxGradientNorm',
  'emaDecay',
  'minSnrGamma',
  'noiseOffset',
  'captionDropout',
  'seed',
  'stateEveryMinutes',
  'patience',
] as const satisfies readonly (keyof RunRequest['train'])[];

function TrainNumber({
  name,
  ...field
}: {
  name: (typeof trainNumbers)[number];
  label: string;
  min?: number;
  step?: number;
  unit?: string;
  description?: string;
}) {
  const { request, edit, message, warning } = useRequestForm();
  return (
    <NumberField
      {...field}
      value={request.train[name]}
      error={message(`train.${name}`)}
      warning={warning(`train.${name}`)}
      onChange={(value) => {
        edit({ train: { [name]: value } });
      }}
    />
  );
}

function OptimizerSelect() {
  const { request } = useRequestForm();
  const { chooseOptimizer } = useDraft();
  const { kind } = request.train.optimizer;
  return (
    <Select
      label="Optimizer"
      description={optimizerFacts[kind].hint}
      data={optimizerKinds.map((value) => ({ value, label: optimizerFacts[value].label }))}
      value={kind}
      allowDeselect={false}
      onChange={(chosen) => {
        const found = optimizerKinds.find((other) => other === chosen);
        if (found !== undefined) chooseOptimizer(found);
      }}
    />
  );
}

/** How far the arrow keys change a setting; one that is not among these by a digit. */
const optimizerSteps: Readonly<Record<string, number>> = { beta1: 0.01, beta2: 0.001, weightDecay: 0.01 };

function OptimizerSettings() {
  const { request, edit, message } = useRequestForm();
  const { optimizer } = request.train;
  const change = (name: string, changed: number | boolean): void => {
    edit({ train: { optimizer: { ...optimizer, [name]: changed } } });
  };
  return settingsByName(optimizer).map(({ name, label, value }) =>
    typeof value === 'boolean' ? (
      <Switch
        key={name}
        className={classes.row}
        size="sm"
        label={label}
        checked={value}
        onChange={(event) => {
          change(name, event.currentTarget.checked);
        }}
      />
    ) : (
      <NumberField
        key={name}
        label={label}
        step={optimizerSteps[name] ?? 0}
        value={value}
        error={message(`train.optimizer.${name}`)}
        onChange={(changed) => {
          change(name, changed);
        }}
      />
    ),
  );
}

function LearningRateSchedule() {
  const { request, edit } = useRequestForm();
  return (
    <Select
      label="Learning rate schedule"
      data={[
        { value: 'constant', label: 'Constant' },
        { value: 'linear', label: 'Linear to 0' },
        { value: 'cosine', label: 'Cosine to 0' },
      ]}
      value={request.train.schedule}
      allowDeselect={false}
      onChange={(schedule) => {
        if (schedule !== null) edit({ train: { schedule: schedule } });
      }}
    />
  );
}

function Resolution() {
  const { request, edit, message, warning } = useRequestForm();
  return (
    <NumberField
      label="Resolution"
      unit="px"
      step={8}
      min={8}
      optional
      placeholder="as the base"
      value={request.resolution ?? undefined}
      error={message('resolution')}
      warning={warning('resolution')}
      onChange={(resolution) => {
        edit({ resolution: resolution ?? null });
      }}
    />
  );
}

/** Where all weights of a model are trained, or it would make no difference to the memory. */
function FusedBackward() {
  const { request, edit, message } = useRequestForm();
  const { fusedBackward } = request.train;
  if (request.method.kind !== 'full' && !fusedBackward) return null;
  return (
    <Switch
      className={classes.row}
      size="sm"
      label="Fused backward pass"
      description="Takes less memory on a processor: each weight is updated, and clipped, as soon as its gradient is there."
      error={message('train.fusedBackward')}
      checked={fusedBackward}
      onChange={(event) => {
        edit({ train: { fusedBackward: event.currentTarget.checked } });
      }}
    />
  );
}

function Checkpoints() {
  const { request, edit, message } = useRequestForm();
  return (
    <NumberListField
      label="Checkpoints after epochs"
      description="The last epoch always gets one. Epochs beyond it are ignored."
      values={request.train.checkpoints}
      error={message('train.checkpoints')}
      onChange={(checkpoints) => {
        edit({ train: { checkpoints: [...checkpoints] } });
      }}
    />
  );
}

function Precision() {
  const { request, edit } = useRequestForm();
  return (
    <Select
      label="Checkpoint precision"
      data={[
        { value: 'float16', label: 'float16' },
        { value: 'float32', label: 'float32' },
      ]}
      value={request.train.checkpointPrecision}
      allowDeselect={false}
      onChange={(value) => {
        edit({ train: { checkpointPrecision: value === 'float32' ? 'float32' : 'float16' } });
      }}
    />
  );
}

function Alpha() {
  const { request, edit, message } = useRequestForm();
  const { method } = request;
  if (method.kind !== 'lora') return null;
  return (
    <NumberField
      label="LoRA alpha"
      optional
      placeholder="as the rank"
      value={method.alpha}
      error={message('method.alpha')}
      onChange={(alpha) => {
        edit({ method: { alpha } });
      }}
    />
  );
}

function ComputePrecision() {
  const { request, edit } = useRequestForm();
  const { precision } = request.train;
  return (
    <Select
      label="Compute in"
      description={precision === 'float16' ? 'Weights stay float32. Slower on a processor.' : undefined}
      data={precisionChoices.map((value) => ({ value, label: precisionLabels[value] }))}
      value={precision}
      allowDeselect={false}
      onChange={(chosen) => {
        const found = precisionChoices.find((choice) => choice === chosen);
        if (found !== undefined) edit({ train: { precision: found } });
      }}
    />
  );
}

function Provider() {
  const { request, edit } = useRequestForm();
  return (
    <Select
      label="Compute on"
      data={[
        { value: 'best', label: 'Best available' },
        ...providerName.options.map((name) => ({ value: name, label: providerLabels[name] })),
      ]}
      value={request.provider ?? 'best'}
      allowDeselect={false}
      onChange={(value) => {
        const { success, data } = providerName.safeParse(value);
        edit({ provider: success ? data : null });
      }}
    />
  );
}

function Gpu() {
  const { request, edit } = useRequestForm();
  if (request.provider !== null && request.provider !== 'cuda') return null;
  return (
    <GpuSelect
      value={request.gpu}
      onChange={(gpu) => {
        edit({ gpu });
      }}
    />
  );
}
