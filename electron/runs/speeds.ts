import type { TrainJob } from '../../native/jobs.ts';
import type { LibraryDatabase } from '../library/database.ts';
import type { ParameterCounts } from './footprint.ts';

/** What decides how long an image takes. */
export interface SpeedKey {
  /** `best` where nobody chose: on one machine that is always the same. */
  readonly provider: string;
  /** Stands for the model's size and make: its components' numbers of weights. A finetune is as fast as its base. */
  readonly base: string;
  readonly method: string;
  readonly batch: number;
  readonly resolution: number;
}

export interface Speeds {
  /** Seconds per image of runs like it; null where there were none. */
  readonly get: (key: SpeedKey) => number | null;
  readonly record: (key: SpeedKey, secondsPerImage: number) => void;
}

export function speedKey(
  provider: string | null,
  counts: ParameterCounts,
  { method, settings, prior }: Pick<TrainJob, 'method' | 'settings' | 'prior'>,
  resolution: number,
): SpeedKey {
  const base = Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .sort()
    .join(', ');
  const withText = 'textEncoder' in method && method.textEncoder ? ' with text encoder' : '';
  const beside = prior ? ' with class images' : '';
  return {
    provider: provider ?? 'best',
    base,
    method: `${method.kind}${withText}${beside}`,
    batch: settings.batchSize,
    resolution,
  };
}

export function createSpeeds(database: LibraryDatabase): Speeds {
  const select = database
    .prepare<[SpeedKey], number>(
      `SELECT seconds_per_image FROM speed WHERE provider = @provider AND base = @base AND method = @method
       AND batch = @batch AND resolution = @resolution`,
    )
    .pluck();
  // The newest counts half: machines change, and one slow epoch beside a backup is no reason to give up hope.
  const upsert = database.prepare<[SpeedKey & { readonly seconds: number }]>(
    `INSERT INTO speed (provider, base, method, batch, resolution, seconds_per_image)
     VALUES (@provider, @base, @method, @batch, @resolution, @seconds)
     ON CONFLICT DO UPDATE SET seconds_per_image = (seconds_per_image + excluded.seconds_per_image) / 2`,
  );
  return {
    get: (key) => select.get(key) ?? null,
    record: (key, seconds) => {
      upsert.run({ ...key, seconds });
    },
  };
}
