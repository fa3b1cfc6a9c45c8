import { expect, test } from 'vitest';

import { openDatabase } from '../../electron/library/database.ts';
import { createSettings } from '../../electron/library/settings.ts';

test('settings are the defaults until changed, and a change leaves the others', () => {
  const database = openDatabase(':memory:');
  const settings = createSettings(database);
  expect(settings.get()).toMatchObject({ theme: 'system', currency: 'EUR', samplesWhileTraining: 'beside' });
  settings.change({ theme: 'dark' });
  settings.change({ costRate: { kind: 'hourly', pricePerHour: 2 } });
  expect(createSettings(database).get()).toMatchObject({
    theme: 'dark',
    currency: 'EUR',
    costRate: { kind: 'hourly', pricePerHour: 2 },
  });
});

test('what another version wrote gives way to the default', () => {
  const database = openDatabase(':memory:');
  const insert = database.prepare('INSERT INTO setting (key, value) VALUES (?, ?)');
  insert.run('theme', '"sepia"');
  insert.run('currency', 'EUR');
  insert.run('gone', '1');
  expect(createSettings(database).get()).toMatchObject({ theme: 'system', currency: 'EUR' });
});
