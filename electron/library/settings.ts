import { type Settings, settingsSchema } from '../contract/system.ts';
import type { LibraryDatabase } from './database.ts';

/** What a person chose for the whole studio; kept in the library, so that it goes where the library goes. */
export interface SettingsStore {
  readonly get: () => Settings;
  readonly change: (change: Partial<Settings>) => Settings;
}

export function createSettings(database: LibraryDatabase): SettingsStore {
  const rows = database.prepare<[], { key: string; value: string }>('SELECT key, value FROM setting');
  const write = database.prepare(
    'INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  );
  const get = (): Settings => {
    const settings: Record<string, unknown> = settingsSchema.parse({});
    for (const { key, value } of rows.all()) {
      // A value that this version does not know, or not in this form, gives way to the default.
      const shape = settingsSchema.shape[key as keyof Settings] as
        (typeof settingsSchema.shape)[keyof Settings] | undefined;
      const parsed = shape?.safeParse(parseOr(value));
      if (parsed?.success === true) settings[key] = parsed.data;
    }
    return settingsSchema.parse(settings);
  };
  return {
    get,
    change: (change) => {
      const valid = settingsSchema.parse({ ...get(), ...change });
      database.transaction(() => {
        for (const key of Object.keys(change)) {
          write.run(key, JSON.stringify(valid[key as keyof Settings]));
        }
      })();
      return valid;
    },
  };
}

function parseOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
