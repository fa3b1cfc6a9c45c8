import type { CostRate } from '../contract/values.ts';

/** What computing for so long costs, in the settings' currency; null where nobody said what an hour costs. */
export function costOf(seconds: number, rate: CostRate): number | null {
  const hours = seconds / 3600;
  switch (rate.kind) {
    case 'none':
      return null;
    case 'hourly':
      return hours * rate.pricePerHour;
    case 'energy':
      return ((hours * rate.watts) / 1000) * rate.pricePerKilowattHour;
  }
}
