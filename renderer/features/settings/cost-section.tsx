import { Group, NativeSelect, SegmentedControl, Text } from '@mantine/core';

import type { CostRate } from '../../../electron/contract/values.ts';
import { currencies, hourlyCost, newRate } from '../../components/cost-rate.ts';
import { KeptNumberField } from '../../components/kept-number-field.tsx';
import { moneyText } from '../../components/quantities.ts';
import { Section, type SectionProps } from './section.tsx';

/** What an hour of computing costs, so that plans and runs can say what an epoch does. */
export function CostSection({ settings, change }: SectionProps) {
  const { costRate: rate, currency } = settings;
  const hourly = hourlyCost(rate);
  const set = (costRate: CostRate) => {
    change({ costRate });
  };
  return (
    <Section title="Cost" about="Plans and runs then show what they cost, per epoch.">
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
        <KeptNumberField
          width={200}
          label="Price per hour"
          unit={currency}
          step={0.1}
          value={rate.pricePerHour}
          onKeep={(pricePerHour) => {
            set({ ...rate, pricePerHour });
          }}
        />
      )}
      {rate.kind === 'energy' && (
        <Group gap="md" align="start">
          <KeptNumberField
            width={200}
            label="Power while training"
            unit="W"
            step={10}
            value={rate.watts}
            onKeep={(watts) => {
              set({ ...rate, watts });
            }}
          />
          <KeptNumberField
            width={200}
            label="Price per kWh"
            unit={currency}
            step={0.01}
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
