import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';

import type { openStudio as openRealStudio } from '../../electron/cli/open/open-studio.ts';
import { runCli } from '../../electron/cli/run-cli.ts';
import type { Engine } from '../../electron/engine/engine.ts';
import { startEngine } from '../../electron/engine/engine-process.ts';
import { writePretendConfigs } from '../runs/pretend-configs.ts';
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
  openStudio: typeof openRealStudio = () => Promise.reject(new Error('nobody asked for the studio')),
): Promise<Ended> {
  const [out, error] = [new PassThrough(), new PassThrough()];
  const code = await runCli(args, {
    streams: { out, error },
    workingFolder: folder,
    environment: { SCREENFOLD_CACHE: join(folder, 'cache') },
    platform: process.platform,
    home: folder,
    engine,
    openStudio,
  });
  return { code, out: String(out.read() ?? ''), error: String(error.read() ?? '') };
}

/** The same in a process of its own, which is killed without warning once it has said `last`, where that is given. */
export function screenfoldProcess(folder: string, args: readonly string[], last?: string): Promise<Ended> {
  return new Promise((resolve) => {
    const program = join(root, 'electron', 'cli', 'screenfold.mjs');
    const child = spawn(process.execPath, [program, ...args], { cwd: folder });
    let [out, error] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (last !== undefined && out.includes(last)) child.kill('SIGKILL');
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (error += text));
    child.on('close', (code) => {
      resolve({ code, out, error });
    });
  });
}

/** A folder with a few of the sample's images, a model's configs, and a run file over both. */
export function studio(folder = temporaryFolder()): string {
  mkdirSync(join(folder, 'images'));
  for (const name of ['alien', 'avocado', 'balloon']) {
    cpSync(join(root, 'resources', 'sample', `${name}.webp`), join(folder, 'images', `${name}.webp`));
  }
  writePretendConfigs(join(folder, 'base'), 16);
  writeFileSync(
    join(folder, 'foxes.json'),
    JSON.stringify({
      base: 'base',
      data: { folder: 'images', captions: { kind: 'template', template: 'art of ${file}' }, validation: 1 },
      train: { epochs: 10, batchSize: 2 },
    }),
  );
  return folder;
}
