import { Anchor, Button, Group, Skeleton, Table, Text, Title } from '@mantine/core';
import { IconAdjustments, IconFlame } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';

import type { Model } from '../../../electron/contract/models.ts';
import { bytesText, durationText } from '../../../electron/contract/quantities.ts';
import { CopyPath } from '../../components/copy-path.tsx';
import { ModelCardView } from '../../components/model-card-view.tsx';
import { momentText, moneyText, parametersText } from '../../components/quantities.ts';
import { useStudioQuery } from '../../studio/studio.tsx';
import { useDraft } from '../train/draft-context.ts';
import { ancestry, modelKindText } from './lineage.ts';
import { ModelMenu } from './model-menu.tsx';
import { Gone, Prediction, Reasons } from './model-origin.tsx';
import classes from './model-panel.module.css';

/** One model: what it is, what it was made of and how, and what to do with it. */
export function ModelPanel({ model, models }: { model: Model; models: readonly Model[] }) {
  const { chooseBase } = useDraft();
  const [, goTo] = useLocation();
  return (
    <div className={classes.panel}>
      <div className={classes.content}>
        <Group justify="space-between" align="start" wrap="nowrap">
          <div style={{ minWidth: 0 }}>
            <Title order={2} size="h3" style={{ overflowWrap: 'anywhere' }}>
              {model.name}
            </Title>
            <Text size="sm" c="dimmed">
              {modelKindText(model)}
            </Text>
          </div>
          <Group gap="xs" wrap="nowrap">
            <Button
              size="xs"
              leftSection={<IconFlame size={16} aria-hidden />}
              disabled={model.missing}
              onClick={() => {
                chooseBase(model.id);
                goTo('/train');
              }}
            >
              Train from it
            </Button>
            <Button
              size="xs"
              variant="default"
              leftSection={<IconAdjustments size={16} aria-hidden />}
              disabled={model.missing}
              onClick={() => {
                goTo(`/bench?model=${model.id}`);
              }}
            >
              Generate
            </Button>
            <ModelMenu model={model} />
          </Group>
        </Group>
        {model.missing && (
          <div style={{ marginTop: 16 }}>
            <Gone model={model} />
          </div>
        )}
        <Facts model={model} models={models} />
        <Components model={model} />
        <Reasons modelId={model.id} />
        {model.card !== null && (
          <section className={classes.section} aria-label="Model card">
            <Title order={3} size="h6" mb={8}>
              Model card
            </Title>
            <ModelCardView markdown={model.card} modelId={model.id} />
          </section>
        )}
      </div>
    </div>
  );
}

function Facts({ model, models }: { model: Model; models: readonly Model[] }) {
  const line = ancestry(models, model);
  return (
    <dl className={`${classes.facts} figures`}>
      {line.length > 1 && (
        <Fact name="Lineage">
          {line.map((ancestor, index) => (
            <span key={ancestor.id}>
              {index > 0 && ' → '}
              {ancestor.id === model.id ? (
                ancestor.name
              ) : (
                <Anchor component={Link} href={`/models/${ancestor.id}`} inherit underline="always">
                  {ancestor.name}
                </Anchor>
              )}
            </span>
          ))}
        </Fact>
      )}
      {model.runId !== null && (
        <Fact name="Run">
          <RunFact runId={model.runId} epoch={model.epoch} />
        </Fact>
      )}
      <Fact name="Resolution">
        {model.resolution} px, sides are multiples of {model.pixelStep}
      </Fact>
      <Fact name="Predicts">
        <Prediction model={model} />
      </Fact>
      <Fact name="Size">
        {model.parameters > 0 && `${parametersText(model.parameters)} parameters, `}
        {bytesText(model.bytes)}
      </Fact>
      <Fact name="Added">{momentText(model.createdAt)}</Fact>
      <Fact name="Folder">
        <Group gap={4} wrap="nowrap" align="start">
          <span style={{ flex: 1 }}>{model.folder}</span>
          <CopyPath path={model.folder} />
        </Group>
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** The run a model was kept from: its name, data, and what it took. */
function RunFact({ runId, epoch }: { runId: number; epoch: number | null }) {
  const runs = useStudioQuery('runs.list', {});
  const currency = useStudioQuery('system.settings', {}).data?.currency ?? 'EUR';
  if (runs.data === undefined) return <Skeleton height={14} width={220} my={3} />;
  const run = runs.data.find(({ id }) => id === runId);
  if (run === undefined) return 'removed since';
  return (
    <>
      <Anchor component={Link} href={`/runs/${run.id}`} inherit underline="always">
        {run.name}
      </Anchor>
      {`${epoch === null ? '' : `, epoch ${epoch} of ${run.epochs}`}, on ${run.datasetName} (${run.captionSetName}), `}
      {durationText(run.seconds)}
      {run.cost !== null && `, ${moneyText(run.cost, currency)}`}
    </>
  );
}

/** The names of safetensors, as people say them. */
const precisions: Readonly<Record<string, string>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

function Components({ model: { components } }: { model: Model }) {
  if (components.length === 0) {
    return (
      <Text size="sm" c="dimmed" className={classes.section}>
        Reading its components …
      </Text>
    );
  }
  return (
    <section className={classes.section} aria-label="Components">
      <Title order={3} size="h6" mb={4}>
        Components
      </Title>
      <Table className="figures" verticalSpacing={5} horizontalSpacing={0}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th>Class</Table.Th>
            <Table.Th ta="right">Parameters</Table.Th>
            <Table.Th ta="right">Precision</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {components.map(({ name, className, parameters, dtype }) => (
            <Table.Tr key={name}>
              <Table.Td>{name}</Table.Td>
              <Table.Td>{className}</Table.Td>
              <Table.Td ta="right">{parametersText(parameters)}</Table.Td>
              <Table.Td ta="right">{precisions[dtype] ?? dtype}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}
