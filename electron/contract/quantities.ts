/** Quantities as people read them, in the window and in the terminal. English throughout. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** `100,000` */
export function countText(count: number): string {
  return whole.format(count);
}

/** `1 image`, `12,000 images` */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** A loss as it is told everywhere, fine enough to tell epochs apart: `0.1338`. */
export function lossText(loss: number | null): string {
  return loss === null || !Number.isFinite(loss) ? '–' : loss.toFixed(4);
}

/** A setting's number, small ones as people write rates: `1e-4`. */
export function settingNumberText(value: number): string {
  return value !== 0 && Math.abs(value) < 0.001 ? value.toExponential() : String(value);
}

/** Seconds as `45 s`, `3 min 20 s`, `1 h 5 min`, `2 d 3 h`: two units at most, the lesser left out where it is nothing. */
export function durationText(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
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
  return scaledText(bytes, ['B', 'kB', 'MB', 'GB', 'TB', 'PB']);
}

/** Memory in bytes as machines and cards are sold with it, and as systems tell it: 2 ** 30 bytes are 1 GB. */
export function memoryText(bytes: number): string {
  return bytesText((bytes / 2 ** 30) * 1e9);
}

/** Memory of a graphics card, MiB, as it is sold: one of 12,288 MiB has 12 GB. */
export function cardMemoryText(mib: number): string {
  return memoryText(mib * 2 ** 20);
}

/** A number in the unit that leaves it below a thousand, each unit a thousand of the one before: `1.2 M`. */
export function scaledText(value: number, units: readonly string[]): string {
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
