import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { runCli } from '../../electron/hosts/run-cli.ts';
import { startEngine, type Engine } from '../../electron/runs/engine-process.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** What typing `screenfold …` in a folder comes to, within this process. */
export async function screenfold(
  folder: string,
  args: readonly string[],
  engine: Engine = startEngine(),
): Promise<Ended> {
  const [out, error] = [new PassThrough(), new PassThrough()];
  const code = await runCli(args, {
    streams: { out, error },
    workingFolder: folder,
    environment: { SCREENFOLD_CACHE: path.join(folder, 'cache') },
    platform: process.platform,
    home: folder,
    engine,
  });
  return { code, out: String(out.read() ?? ''), error: String(error.read() ?? '') };
}

/** A folder with a few of the sample's images, a model's configs, and a run file over both. */
export function studio(): string {
  const folder = temporaryFolder();
  mkdirSync(path.join(folder, 'images'));
  for (const name of ['alien', 'avocado', 'balloon']) {
    cpSync(
      path.join(root, 'resources', 'sample', `${name}.webp`),
      path.join(folder, 'images', `${name}.webp`),
    );
  }
  const config = (name: string, content: object) => {
    mkdirSync(path.join(folder, 'base', name), { recursive: true });
    writeFileSync(path.join(folder, 'base', name, 'config.json'), JSON.stringify(content));
  };
  config('unet', { sample_size: 16, block_out_channels: [32, 64] });
  config('vae', { block_out_channels: [16, 16, 16] });
  writeFileSync(
    path.join(folder, 'foxes.json'),
    JSON.stringify({
      base: 'base',
      data: { folder: 'images', captions: { kind: 'template', template: 'art of ${file}' }, validation: 1 },
      train: { epochs: 10, batchSize: 2 },
    }),
  );
  return folder;
}
