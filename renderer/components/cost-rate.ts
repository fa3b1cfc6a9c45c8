import type { CostRate } from '../../electron/contract/values.ts';

/** What an hour of computing costs, in the settings' currency; null where nothing was said. */
export function hourlyCost(rate: CostRate): number | null {
  switch (rate.kind) {
    case 'none':
      return null;
    case 'hourly':
      return rate.pricePerHour;
    case 'energy':
      return (rate.watts / 1000) * rate.pricePerKilowattHour;
  }
}

/** A rate of another kind, beginning with what that kind usually is. */
export function newRate(kind: CostRate['kind']): CostRate {
  switch (kind) {
    case 'none':
      return { kind };
    case 'hourly':
      return { kind, pricePerHour: 0.5 };
    case 'energy':
      return { kind, watts: 350, pricePerKilowattHour: 0.3 };
  }
}

/** Offered; any other of ISO 4217 that was chosen elsewhere is kept. */
export const currencies: readonly string[] = [
  'EUR',
  'USD',
  'GBP',
  'CHF',
  'JPY',
  'CNY',
  'INR',
  'CAD',
  'AUD',
  'SEK',
  'NOK',
  'DKK',
  'PLN',
  'CZK',
  'BRL',
  'KRW',
];
