import { Group, NativeSelect, NumberInput, SegmentedControl, Text } from '@mantine/core';
import { useState } from 'react';

import type { CostRate } from '../../../electron/contract/values.ts';
import { moneyText } from '../../components/quantities.ts';
import { currencies, hourlyCost, newRate } from './cost-rate.ts';
import { Section, type SectionProps } from './section.tsx';

/** What an hour of computing costs, so that plans and runs can say what an epoch does. */
export function CostSection({ settings, change }: SectionProps) {
  const { costRate: rate, currency } = settings;
  const hourly = hourlyCost(rate);
  const set = (costRate: CostRate) => {
    change({ costRate });
  };
  return (
    <Section title="Cost" about="With this, plans and runs say what they cost, by epoch.">
      <Group gap="md" align="end">
        <SegmentedControl
          aria-label="Cost by"
          value={rate.kind}
          data={[
            { value: 'none', label: 'Not counted' },
            { value: 'hourly', label: 'Price per hour' },
            { value: 'energy', label: 'Electricity' },
          ]}
          onChange={(kind) => {
            set(newRate(kind));
          }}
        />
        <NativeSelect
          aria-label="Currency"
          w={96}
          disabled={rate.kind === 'none'}
          value={currency}
          data={[...new Set([currency, ...currencies])]}
          onChange={({ currentTarget }) => {
            change({ currency: currentTarget.value });
          }}
        />
      </Group>
      {rate.kind === 'hourly' && (
        <Amount
          label="Price per hour"
          value={rate.pricePerHour}
          onKeep={(pricePerHour) => {
            set({ ...rate, pricePerHour });
          }}
        />
      )}
      {rate.kind === 'energy' && (
        <Group gap="md" align="start">
          <Amount
            label="Power while training"
            suffix=" W"
            value={rate.watts}
            onKeep={(watts) => {
              set({ ...rate, watts });
            }}
          />
          <Amount
            label="Price per kWh"
            value={rate.pricePerKilowattHour}
            onKeep={(pricePerKilowattHour) => {
              set({ ...rate, pricePerKilowattHour });
            }}
          />
        </Group>
      )}
      {hourly !== null && (
        <Text size="sm" c="dimmed" className="figures">
          {moneyText(hourly, currency)} an hour, {moneyText(hourly * 24, currency)} a day
        </Text>
      )}
    </Section>
  );
}

/** Kept when it is left, so that no half-typed figure counts. */
function Amount({
  label,
  value,
  suffix = '',
  onKeep,
}: {
  label: string;
  value: number;
  suffix?: string;
  onKeep: (value: number) => void;
}) {
  const [typed, setTyped] = useState<number | string | null>(null);
  const keep = () => {
    if (typeof typed === 'number' && typed !== value) onKeep(typed);
    setTyped(null);
  };
  return (
    <NumberInput
      label={label}
      w={200}
      min={0}
      suffix={suffix}
      value={typed ?? value}
      onChange={setTyped}
      onBlur={keep}
      onKeyDown={({ key }) => {
        if (key === 'Enter') keep();
      }}
    />
  );
}
