import { SegmentedControl, SimpleGrid, Stack } from '@mantine/core';

import type { CostRate } from '../../../electron/contract/values.ts';
import { newRate } from '../../components/cost-rate.ts';
import { NumberField } from '../../components/number-field.tsx';
import { FoldedSection } from './form-section.tsx';
import { useRequestForm } from './request-form.ts';

/** What an hour of computing costs, for the plan and the run's ledger. */
export function CostSection() {
  const { request, edit, message, currency } = useRequestForm();
  const { costRate } = request;
  return (
    <FoldedSection
      title="Cost"
      summary={costText(costRate, currency)}
      faulty={(['pricePerHour', 'watts', 'pricePerKilowattHour'] as const).some(
        (key) => message(`costRate.${key}`) !== undefined,
      )}
    >
      <Stack gap={12}>
        <SegmentedControl
          aria-label="How cost is counted"
          fullWidth
          data={[
            { value: 'none', label: 'Not counted' },
            { value: 'hourly', label: 'Price per hour' },
            { value: 'energy', label: 'Electricity' },
          ]}
          value={costRate.kind}
          onChange={(kind) => {
            edit({ costRate: newRate(kind) });
          }}
        />
        {costRate.kind === 'hourly' && (
          <NumberField
            label="Price of an hour"
            unit={currency}
            step={0.1}
            value={costRate.pricePerHour}
            error={message('costRate.pricePerHour')}
            onChange={(pricePerHour) => {
              edit({ costRate: { kind: 'hourly', pricePerHour } });
            }}
          />
        )}
        {costRate.kind === 'energy' && (
          <SimpleGrid cols={2} spacing={12}>
            <NumberField
              label="Power while training"
              unit="W"
              step={10}
              value={costRate.watts}
              error={message('costRate.watts')}
              onChange={(watts) => {
                edit({ costRate: { ...costRate, watts } });
              }}
            />
            <NumberField
              label="Price of a kilowatt hour"
              unit={currency}
              step={0.01}
              value={costRate.pricePerKilowattHour}
              error={message('costRate.pricePerKilowattHour')}
              onChange={(pricePerKilowattHour) => {
                edit({ costRate: { ...costRate, pricePerKilowattHour } });
              }}
            />
          </SimpleGrid>
        )}
      </Stack>
    </FoldedSection>
  );
}

function costText(rate: CostRate, currency: string): string {
  switch (rate.kind) {
    case 'none':
      return 'Not counted';
    case 'hourly':
      return `${rate.pricePerHour} ${currency} an hour`;
    case 'energy':
      return `${rate.watts} W at ${rate.pricePerKilowattHour} ${currency} per kWh`;
  }
}
