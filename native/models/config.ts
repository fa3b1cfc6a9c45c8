import { Failure } from '../failure.ts';

/** Of resolution; Stable Diffusion has four. */
const maxLevels = 8;

/** A diffusers or transformers `config.json`, read field by field with errors that name file and field. */
export class ConfigReader {
  private readonly config: Readonly<Record<string, unknown>>;
  private readonly source: string;

  constructor(config: unknown, source: string) {
    if (typeof config !== 'object' || config === null || Array.isArray(config)) {
      throw new Failure(
        'config-invalid',
        `${source} is not a JSON object.`,
        'Download or export the model again.',
      );
    }
    this.config = config as Readonly<Record<string, unknown>>;
    this.source = source;
  }

  /** Whether it says anything of the field. */
  has(field: string): boolean {
    return (this.config[field] ?? null) !== null;
  }

  /** `max` keeps a hostile file from asking for a graph that fills the memory. */
  integer(field: string, fallback?: number, max = 1e7): number {
    const value = this.config[field] ?? fallback;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0 && value <= max) return value;
    return this.refuse(field, `an integer from 1 to ${max}`);
  }

  /** Refuses the field, read before as `divisors`, unless each of the values is a multiple of the one at its place. */
  divides(field: string, divisors: readonly number[], values: readonly number[]): void {
    if (values.some((value, i) => value % divisors[i]! !== 0))
      this.refuse(field, `such that it divides ${values.join(', ')}`);
  }

  number(field: string, fallback?: number): number {
    const value = this.config[field] ?? fallback;
    return typeof value === 'number' && Number.isFinite(value) ? value : this.refuse(field, 'a number');
  }

  positive(field: string, fallback: number): number {
    const value = this.number(field, fallback);
    return value > 0 ? value : this.refuse(field, 'a positive number');
  }

  boolean(field: string, fallback: boolean): boolean {
    const value = this.config[field] ?? fallback;
    return typeof value === 'boolean' ? value : this.refuse(field, 'true or false');
  }

  choice<T extends string>(field: string, choices: readonly T[], fallback?: T): T {
    const value = this.config[field] ?? fallback;
    const found = choices.find((choice) => choice === value);
    return found ?? this.refuse(field, `one of ${choices.join(', ')}`);
  }

  choices<T extends string>(field: string, choices: readonly T[]): readonly T[] {
    const value = this.config[field];
    if (!Array.isArray(value) || value.length === 0) return this.refuse(field, 'a list');
    return value.map(
      (entry) =>
        choices.find((choice) => choice === entry) ?? this.refuse(field, `a list of ${choices.join(', ')}`),
    );
  }

  integers(
    field: string,
    length?: number,
    { fallback, max = 1e7 }: { readonly fallback?: number; readonly max?: number } = {},
  ): readonly number[] {
    const value = this.config[field] ?? fallback;
    const list: unknown[] = Array.isArray(value) ? value : Array.from({ length: length ?? 0 }, () => value);
    const fits =
      list.length > 0 && list.length <= maxLevels && (length === undefined || list.length === length);
    if (
      fits &&
      list.every((entry) => Number.isSafeInteger(entry) && (entry as number) > 0 && (entry as number) < max)
    ) {
      return list as number[];
    }
    return this.refuse(field, length === undefined ? 'a list of integers' : `${length} positive integers`);
  }

  /** Refuses every field whose value is neither absent nor one that changes nothing. */
  only(allowed: Readonly<Record<string, readonly unknown[]>>): void {
    for (const [field, values] of Object.entries(allowed)) {
      const value = this.config[field];
      if (value !== undefined && value !== null && !values.includes(value)) {
        throw new Failure(
          'config-unsupported',
          `${this.source}: "${field}" is ${JSON.stringify(value)}, which Screenfold does not know how to build.`,
          'Use a Stable Diffusion 1.x, 2.x or XL model.',
        );
      }
    }
  }

  private refuse(field: string, expected: string): never {
    const value = this.config[field];
    throw new Failure(
      'config-invalid',
      `${this.source}: "${field}" should be ${expected}, not ${value === undefined ? 'missing' : JSON.stringify(value)}.`,
      'Use a Stable Diffusion 1.x, 2.x or XL model, complete with its config files.',
    );
  }
}
