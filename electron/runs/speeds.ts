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
  { method, settings, prior, device: { gpu } }: Pick<TrainJob, 'method' | 'settings' | 'prior' | 'device'>,
  resolution: number,
): SpeedKey {
  const base = Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .sort()
    .join(', ');
  const of = [
    method.kind,
    ...('textEncoder' in method && method.textEncoder ? ['with text encoder'] : []),
    ...(prior ? ['with class images'] : []),
    ...(method.kind === 'lora' ? lengthening(method) : []),
    ...(settings.precision === undefined || settings.precision === 'auto'
      ? []
      : [`in ${settings.precision}`]),
    ...(settings.fusedBackward === true ? ['fused'] : []),
    ...(settings.captionTokens === undefined ? [] : [`captions of ${settings.captionTokens}`]),
  ];
  return {
    provider: gpu === undefined ? (provider ?? 'best') : `${provider ?? 'best'} on ${gpu}`,
    base,
    method: of.join(' '),
    batch: settings.batchSize,
    resolution,
  };
}

/** What of a LoRA takes much longer than one on linear layers alone. */
function lengthening({ dora = false, convRank = 0 }: Extract<TrainJob['method'], { readonly kind: 'lora' }>) {
  return [...(dora ? ['DoRA'] : []), ...(convRank > 0 ? ['LoCon'] : [])];
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
