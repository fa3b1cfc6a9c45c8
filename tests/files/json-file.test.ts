import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { readJsonObject } from '../../native/files/json-file.ts';
import { temporaryFolder } from '../images/pictures.ts';

const folder = temporaryFolder();

async function read(text: string): Promise<unknown> {
  const path = join(folder.path, 'config.json');
  await writeFile(path, text);
  return readJsonObject(path);
}

describe('JSON as Python writes it', () => {
  test('has numbers that are none, whose fields are left out', async () => {
    const text = '{"lambda_min_clipped": -Infinity, "a": NaN, "b": [1, {"c": Infinity}], "kept": -1.5e3}';
    await expect(read(text)).resolves.toEqual({ b: [1, {}], kept: -1500 });
  });

  test('keeps such words in texts', async () => {
    const value = { a: 'NaN: -Infinity', 'b"': '\\', c: '"NaN"' };
    const text = `${JSON.stringify(value).slice(0, -1)}, "d": NaN}`;
    await expect(read(text)).resolves.toEqual(value);
  });

  test.each(['{"a": nan}', '{"a": --Infinity}', '{"a": NaN', '{"a": undefined}', '[NaN]', ''])(
    'is refused where it is no JSON object besides: %s',
    async (text) => {
      await expect(read(text)).rejects.toMatchObject({ code: 'json-invalid' });
    },
  );
});
