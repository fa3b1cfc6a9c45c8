import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { ZipFile } from 'yazl';

import { openWheel, type Wheel } from '../../scripts/gpu-pack/wheel.ts';

/** A package as PyPI has it, of a few bytes. */
export async function standInWheel(
  folder: string,
  name: string,
  version: string,
  files: readonly string[],
): Promise<Wheel> {
  const zip = new ZipFile();
  for (const path of files) zip.addBuffer(Buffer.from(`${name}: ${path}`), path);
  const info = `${name.replaceAll('-', '_')}-${version}`;
  zip.addBuffer(
    Buffer.from(`Name: ${name}\nVersion: ${version}\nLicense: Some licence\n`),
    `${info}.dist-info/METADATA`,
  );
  zip.addBuffer(Buffer.from(`the licence of ${name}`), `${info}.dist-info/licenses/License.txt`);
  zip.end();
  const file = join(folder, `${info}-py3-none-any.whl`);
  await pipeline(zip.outputStream, createWriteStream(file));
  return openWheel(file);
}
