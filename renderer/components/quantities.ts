/** Quantities as people read them. English throughout, so that figures look the same on every machine. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** `100,000` */
export function countText(count: number): string {
  return whole.format(count);
}

/** `1 image`, `12,000 images` */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** Seconds as `45 s`, `3 min 20 s`, `1 h 5 min`, `2 d 3 h`: two units at most, the lesser left out where it is nothing. */
export function durationText(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  if (total === 0 && seconds > 0) return '< 1 s';
  const units = [
    { name: 'd', length: 86_400 },
    { name: 'h', length: 3600 },
    { name: 'min', length: 60 },
    { name: 's', length: 1 },
  ] as const;
  const first = units.findIndex(({ length }) => total >= length);
  if (first === -1) return '0 s';
  const { name, length } = units[first]!;
  const next = units[first + 1];
  const value = `${Math.floor(total / length)} ${name}`;
  // Past ten minutes nobody counts seconds.
  if (next === undefined || (name === 'min' && total >= 600)) return value;
  const rest = Math.floor((total % length) / next.length);
  return rest === 0 ? value : `${value} ${rest} ${next.name}`;
}

/** Bytes in decimal units as `812 MB`, `1.2 GB`. */
export function bytesText(bytes: number): string {
  return scaled(bytes, ['B', 'kB', 'MB', 'GB', 'TB', 'PB']);
}

/** How many weights: `860 M`, `1.2 M`, `340`. */
export function parametersText(count: number): string {
  return scaled(count, ['', 'k', 'M', 'B']).trim();
}

function scaled(value: number, units: readonly string[]): string {
  const power = Math.max(
    0,
    Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, Math.abs(value))) / 3)),
  );
  const amount = value / 1000 ** power;
  const digits = power > 0 && Math.abs(amount) < 9.95 ? 1 : 0;
  const text = amount.toFixed(digits);
  // 999.6 kB rounds to 1000 kB, which is written 1.0 MB.
  if (Number(text) >= 1000 && power < units.length - 1) return `1.0 ${units[power + 1]!}`;
  return `${text} ${units[power]!}`;
}

/** An amount of `currency` (ISO 4217); what is less than the smallest coin is said to be. */
export function moneyText(amount: number, currency: string): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  const smallest = 10 ** -(format.resolvedOptions().maximumFractionDigits ?? 2);
  if (amount > 0 && amount < smallest) return `< ${format.format(smallest)}`;
  return format.format(amount);
}

/** `3.4 images/s`, and where that is less than one, `12 s per image`. */
export function rateText(imagesPerSecond: number): string {
  if (imagesPerSecond <= 0) return '–';
  if (imagesPerSecond >= 1) {
    return `${imagesPerSecond.toFixed(imagesPerSecond < 10 ? 1 : 0)} images/s`;
  }
  const seconds = 1 / imagesPerSecond;
  return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s per image`;
}

/** A loss in three significant figures, as they are compared: `0.0912`, `1.24`. */
export function lossText(loss: number | null): string {
  return loss === null || !Number.isFinite(loss) ? '–' : loss.toPrecision(3);
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
