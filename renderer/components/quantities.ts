/** Quantities as people read them. English throughout, so that figures look the same on every machine. */
import { scaledText } from '../../electron/contract/quantities.ts';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** `100,000` */
export function countText(count: number): string {
  return whole.format(count);
}

/** `1 image`, `12,000 images` */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** How many weights: `860 M`, `1.2 M`, `340`. */
export function parametersText(count: number): string {
  return scaledText(count, ['', 'k', 'M', 'B']).trim();
}

/** An amount of `currency` (ISO 4217); what is less than the smallest coin is said to be. */
export function moneyText(amount: number, currency: string): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  const smallest = 10 ** -(format.resolvedOptions().maximumFractionDigits ?? 2);
  if (amount > 0 && amount < smallest) return `< ${format.format(smallest)}`;
  return format.format(amount);
}

/** In which rates are told. */
export type RateUnit = 'images/s' | 's per image';

/** What suits most of the rates, in images a second, that stand beside each other. */
export function rateUnit(rates: readonly number[]): RateUnit {
  const slow = rates.filter((rate) => rate < 1).length;
  return 2 * slow > rates.length ? 's per image' : 'images/s';
}

/** The number alone, for a column that is headed by its unit: `3.4`, `12`, `0.71`. */
export function rateNumber(imagesPerSecond: number, unit: RateUnit): string {
  if (imagesPerSecond <= 0) return '–';
  const value = unit === 'images/s' ? imagesPerSecond : 1 / imagesPerSecond;
  return value < 1 ? String(Number(value.toPrecision(2))) : value.toFixed(value < 10 ? 1 : 0);
}

/** `3.4 images/s`, and where that is less than one, unless a unit is asked for, `12 s per image`. */
export function rateText(imagesPerSecond: number, unit: RateUnit = rateUnit([imagesPerSecond])): string {
  return imagesPerSecond <= 0 ? '–' : `${rateNumber(imagesPerSecond, unit)} ${unit}`;
}

/** A day and a time of day, as `12 May 2026, 14:03`; milliseconds since 1970. */
export function momentText(time: number): string {
  return new Date(time).toLocaleString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  });
}
