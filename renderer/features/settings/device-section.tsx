import { Loader, NativeSelect, Radio, Stack, Text } from '@mantine/core';
import { IconCheck, IconMinus } from '@tabler/icons-react';

import { memoryText } from '../../../electron/contract/quantities.ts';
import type { SystemInfo } from '../../../electron/contract/system.ts';
import { providerLabels } from '../../../electron/contract/values.ts';
import { GpuSelect } from '../../components/gpu-select.tsx';
import { useStudioQuery } from '../../studio/studio.tsx';
import { GpuCard } from './gpu-card.tsx';
import { Section, type SectionProps } from './section.tsx';
import classes from './settings-screen.module.css';

type Providers = NonNullable<SystemInfo['providers']>;
type Provider = Providers[number]['provider'];

/** What training and sampling compute on: what there is, why the rest is not, and which to use. */
export function DeviceSection({ settings, change }: SectionProps) {
  const { data: info } = useStudioQuery('system.info', {});
  const providers = info?.providers ?? null;
  const best = providers?.find(({ available }) => available);
  return (
    <Section title="Device" about="What training and sampling run on. Each run can choose its own.">
      <NativeSelect
        label="Compute on"
        maw={320}
        value={settings.provider ?? ''}
        data={[
          {
            value: '',
            label: best === undefined ? 'Best available' : `Best available: ${providerLabels[best.provider]}`,
          },
          ...(providers ?? []).map(({ provider, available }) => ({
            value: provider,
            label: providerLabels[provider],
            disabled: !available && settings.provider !== provider,
          })),
        ]}
        onChange={({ currentTarget }) => {
          change({ provider: currentTarget.value === '' ? null : (currentTarget.value as Provider) });
        }}
      />
      {(settings.provider === null || settings.provider === 'cuda') && (
        <GpuSelect
          value={settings.gpu}
          onChange={(gpu) => {
            change({ gpu });
          }}
        />
      )}
      {providers === null ? (
        <Text size="sm" c="dimmed" component="div" mih={72}>
          <Loader size={14} mr="xs" /> Looking for devices …
        </Text>
      ) : (
        <Detected providers={providers} />
      )}
      <GpuCard />
      {info !== undefined && (
        <Text size="sm" c="dimmed" className="figures">
          {info.processor}, {info.cores} cores, {memoryText(info.memoryBytes)} memory
        </Text>
      )}
      <Radio.Group
        label="Pictures during a run"
        value={settings.samplesWhileTraining}
        onChange={(value) => {
          change({ samplesWhileTraining: value });
        }}
      >
        <Stack gap="xs" mt="xs">
          <Radio
            value="beside"
            label="Beside training"
            description="Pictures come with each checkpoint. Needs memory for both."
          />
          <Radio
            value="pausing"
            label="In pauses of training"
            description="Training waits while the pictures are made."
          />
          <Radio value="afterwards" label="Once the run has ended" description="The fastest run." />
        </Stack>
      </Radio.Group>
    </Section>
  );
}

function Detected({ providers }: { providers: Providers }) {
  return (
    <ul className={classes.providers}>
      {providers.map(({ provider, available, reason }) => (
        <li key={provider} data-available={available || undefined}>
          {available ? (
            <IconCheck size={16} aria-label="Available" />
          ) : (
            <IconMinus size={16} aria-label="Not available" />
          )}
          <span>{providerLabels[provider]}</span>
          <span className={classes.reason}>{reason}</span>
        </li>
      ))}
    </ul>
  );
}
