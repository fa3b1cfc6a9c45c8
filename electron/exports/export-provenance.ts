import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { modelNameOf } from '../../native/facts/model-formats.ts';
import type { ExportProof, LoraUse, ProofRequest } from '../../native/jobs.ts';
import type { Engine } from '../engine/engine.ts';
import type { MergedLora, ShownProof } from './card-parts.ts';

/** What LoRAs are called, and under which licence, for the card of a model they are merged into. */
export async function mergedLoras(loras: readonly LoraUse[], engine: Engine): Promise<readonly MergedLora[]> {
  const found: MergedLora[] = [];
  for (const { file, strength } of loras) {
    const licence = (await licenceBeside(file)) ?? (await licenceInside(file, engine));
    found.push({ name: modelNameOf(basename(file)), strength, licence });
  }
  return found;
}

/** What the head of a model's own card says, where it has one. */
export async function licenceBeside(model: string): Promise<string | null> {
  const isFolder = (await stat(model).catch(() => null))?.isDirectory() ?? true;
  const file = isFolder ? join(model, 'README.md') : model.replace(/\.[^.]+$/, '.md');
  const card = await readFile(file, 'utf8').catch(() => '');
  const head = /^---\r?\n([\s\S]*?)\r?\n---/.exec(card)?.[1] ?? '';
  return /^license:\s*["']?([\w .+-]+?)["']?\s*$/m.exec(head)?.[1] ?? null;
}

/** What the head of a file says. One that cannot be read is named when it is merged. */
async function licenceInside(path: string, engine: Engine): Promise<string | null> {
  const info = await engine.run({ kind: 'info', path }).catch(() => null);
  const licence = info?.model?.metadata['modelspec.license']?.trim().slice(0, 200) ?? '';
  return licence === '' ? null : licence;
}

export async function weightHashes(output: string): Promise<Readonly<Record<string, string>>> {
  const isFolder = (await stat(output)).isDirectory();
  const names = isFolder
    ? (await readdir(output, { recursive: true }))
        .filter((name) => /\.(?:safetensors|onnx|onnx_data)$/.test(name))
        .sort()
    : [basename(output)];
  const root = isFolder ? output : dirname(output);
  const hashes: [string, string][] = [];
  for (const name of names) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(join(root, name)), hash);
    hashes.push([name.split(sep).join('/'), hash.digest('hex')]);
  }
  return Object.fromEntries(hashes);
}

/** A proof as the card beside its picture shows it. */
export function shownProof(asked: ProofRequest | null, found: ExportProof | undefined): ShownProof | null {
  if (asked === null || found === undefined) return null;
  return { picture: encodeURI(basename(asked.output)), prompt: asked.prompt, seed: asked.seed, found };
}
