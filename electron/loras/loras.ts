import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';

import { modelNameOf } from '../../native/facts/model-formats.ts';
import { Failure } from '../../native/failure.ts';
import { readLoraFacts } from '../../native/families/read-lora-facts.ts';
import { exists } from '../../native/files/exists.ts';
import type { LoraUse } from '../../native/jobs.ts';
import type { HandlersOf } from '../contract/api.ts';
import type { Lora, LoraChoice } from '../contract/loras.ts';
import { fileNameOf } from '../library/file-name.ts';
import type { DomainContext } from '../library/library.ts';
import { createLoraRecords, type LoraRecord } from './lora-records.ts';

export interface Loras {
  readonly handlers: HandlersOf<'loras'>;
  readonly all: () => readonly LoraRecord[];
  /** The LoRA that lies at a path, if one does. */
  readonly at: (path: string) => number | null;
  /** Whether a file holds a LoRA that can be used here; what it is else, or what is wrong with it, whoever opens it says. */
  readonly isLora: (path: string) => Promise<boolean>;
  /** Throws Failure `lora-missing`. */
  readonly named: (choices: readonly LoraChoice[]) => readonly (LoraChoice & { readonly name: string })[];
  /** Files and strengths; throws Failure `lora-missing`, where a file is gone too. */
  readonly uses: (choices: readonly LoraChoice[]) => Promise<readonly LoraUse[]>;
}

export function createLoras({ library, publish, now }: DomainContext): Loras {
  const records = createLoraRecords(library.database);
  const changed = () => {
    publish('changed', { subjects: ['loras'] });
  };
  const add = async (path: string): Promise<number> => {
    const known = records.findByPath(path);
    if (known !== null) return known.id;
    const facts = await readLoraFacts(path);
    const { size: bytes } = await stat(path);
    const again = records.findByPath(path);
    if (again !== null) return again.id;
    const id = records.insert({ name: modelNameOf(basename(path)), path, bytes, facts, createdAt: now() });
    changed();
    return id;
  };
  return {
    all: records.all,
    at: (path) => records.findByPath(path)?.id ?? null,
    isLora: async (path) => {
      try {
        await readLoraFacts(path);
        return true;
      } catch (error) {
        if (error instanceof Failure) return false;
        throw error;
      }
    },
    named: (choices) => choices.map((choice) => ({ ...choice, name: records.get(choice.loraId).name })),
    uses: async (choices) => {
      const uses: LoraUse[] = [];
      for (const { loraId, strength } of choices) {
        const { path: file, name } = records.get(loraId);
        if (!(await exists(file))) throw gone(name, file);
        uses.push({ file, strength });
      }
      return uses;
    },
    handlers: {
      'loras.list': () => Promise.all(records.all().map(loraOf)),
      'loras.add': async ({ path }) => ({ loraId: await add(resolve(path)) }),
      'loras.addUploaded': async ({ uploadId }) => {
        const sent = join(library.paths.uploads, uploadId);
        try {
          const loraIds: number[] = [];
          for (const name of (await readdir(sent)).sort()) {
            // Looked into before it is taken: what is no LoRA goes with the upload.
            await readLoraFacts(join(sent, name));
            const ending = extname(name);
            const place = await freePlace(library.paths.loras, fileNameOf(modelNameOf(name)), ending);
            await rename(join(sent, name), place);
            loraIds.push(await add(place));
          }
          return { loraIds };
        } finally {
          await rm(sent, { recursive: true, force: true });
        }
      },
      'loras.rename': ({ loraId, name }) => {
        records.rename(records.get(loraId).id, name);
        changed();
        return null;
      },
      'loras.remove': async ({ loraId }) => {
        const { id, path } = records.get(loraId);
        records.remove(id);
        changed();
        // Whatever a row says, only what lies in the library is deleted.
        if (dirname(path) === library.paths.loras) await rm(path, { force: true });
        return null;
      },
    },
  };
}

async function loraOf(record: LoraRecord): Promise<Lora> {
  return { ...record, missing: !(await exists(record.path)) };
}

/** `name.safetensors`, or `name 2.safetensors` and so on where that is taken. */
async function freePlace(folder: string, name: string, ending: string): Promise<string> {
  for (let count = 1; ; count++) {
    const place = join(folder, `${name}${count === 1 ? '' : ` ${count}`}${ending}`);
    if (!(await exists(place))) return place;
  }
}

function gone(name: string, file: string): Failure {
  return new Failure(
    'lora-missing',
    `The file of the LoRA ${name} is gone: ${file}.`,
    'Put it back, or leave the LoRA out.',
  );
}
