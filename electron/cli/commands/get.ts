import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { z } from 'zod';

import { Failure } from '../../../native/failure.ts';
import { makeFolder, writeFileAtomic } from '../../../native/files/atomic-file.ts';
import { exists } from '../../../native/files/exists.ts';
import { bytesText } from '../../contract/quantities.ts';
import { downloadAddress, mirrored, modelFileName } from '../../downloads/addresses.ts';
import { download, type DownloadRequest } from '../../downloads/download.ts';
import { createHttpGet, type HttpGet } from '../../downloads/http-get.ts';
import { asTold, lookAt } from '../../downloads/look-at.ts';
import { hashOf, keptToken } from '../../downloads/part-file.ts';
import { publishedCaptioners } from '../../downloads/published-captioners.ts';
import { hub, notAccepted, type Starter, starterOf, starters } from '../../downloads/starters.ts';
import type { Terminal } from '../terminal.ts';
import { bring } from './bring.ts';
import { type CommandContext, type ExitCode, exitCodes, usage } from './context.ts';
import { getCaptioner } from './get-captioner.ts';
import type { GetOptions, GetPlace } from './get-options.ts';

export const getCommand = { list, fetch: fetchModel } as const;

function list({ terminal }: CommandContext): void {
  terminal.object({ starters, captioners: publishedCaptioners });
  for (const { id, name, bytes, licence, suits, opens } of starters) {
    terminal.line(`${id.padEnd(9)} ${name}, ${bytesText(bytes)}, ${licence.name}`);
    terminal.line(
      `${''.padEnd(9)} ${suits}${opens ? '' : ' This version of Screenfold cannot open it yet.'}`,
    );
  }
  terminal.line('');
  terminal.line('Models that caption images:');
  const widest = Math.max(...publishedCaptioners.map(({ id }) => id.length));
  for (const { id, name, bytes, licence, publisher, suits } of publishedCaptioners) {
    terminal.line(`${id.padEnd(widest)} ${name}, about ${bytesText(bytes)}, ${licence}, ${publisher}`);
    terminal.line(`${''.padEnd(widest)} ${suits}`);
  }
  terminal.line('');
  terminal.line('Get one: screenfold get sd-1.5, or any other model by the address of its file.');
}

/** Brings a model and says where it lies. Ctrl-C pauses: the same command goes on. */
async function fetchModel(
  context: CommandContext,
  what: string,
  options: GetOptions,
  place: GetPlace,
): Promise<ExitCode> {
  const { terminal } = context;
  const isAddress = /^[a-z]+:\/\//i.test(what);
  const published = publishedCaptioners.find(({ id }) => id === what);
  if (published !== undefined || (isAddress && options.captioner))
    return getCaptioner(context, published ?? what, options, place);
  const get = createHttpGet({ proxy: options.proxy ?? null, environment: place.environment });
  const request = isAddress
    ? await ofAddress(what, context, options, place, get)
    : await ofStarter(starterOf(what), context, options, place);
  const { file } = request;
  if (await isThere(request)) terminal.line(`It is there already: ${file}`);
  else {
    const isWhole = await bring(get, terminal, async (deps) => {
      const { bytes, sha256 } = await download(request, deps);
      const checked = sha256 === null ? 'its host gives no SHA-256 to hold it to' : `SHA-256 ${sha256}`;
      return `${file}: ${bytesText(bytes)}, ${checked}`;
    });
    if (!isWhole) return exitCodes.interrupted;
  }
  terminal.object({ file });
  terminal.line(`Train from it: screenfold train --base ${file} --data <your images>`);
  return exitCodes.ok;
}

async function ofStarter(
  starter: Starter,
  { terminal, workingFolder }: CommandContext,
  { acceptLicence, mirror, out, token }: GetOptions,
  { environment, configFolder }: GetPlace,
): Promise<DownloadRequest> {
  await needLicence(starter, acceptLicence, configFolder, terminal);
  const address = downloadAddress(mirrored(starter.address, mirror ?? environment.HF_ENDPOINT), true);
  const file = resolve(workingFolder, out ?? join('models', starter.fileName));
  const { sha256, bytes } = starter;
  return { address, file, sha256, bytes, token: token ?? (await keptToken(file)) };
}

async function ofAddress(
  text: string,
  { workingFolder }: CommandContext,
  { sha256: sum, out, token: given, mirror }: GetOptions,
  { environment }: GetPlace,
  get: HttpGet,
): Promise<DownloadRequest> {
  if (sum !== undefined && !/^[0-9a-f]{64}$/i.test(sum)) {
    throw usage('A SHA-256 is written in 64 hexadecimal digits.', 'Copy it from where the model is offered.');
  }
  const sha256 = sum?.toLowerCase() ?? null;
  const address = downloadAddress(mirrored(text.trim(), mirror ?? environment.HF_ENDPOINT), sha256 !== null);
  const ofHub = address.origin === hub ? environment.HF_TOKEN : undefined;
  const own = given ?? ofHub ?? null;
  if (out !== undefined) {
    const file = resolve(workingFolder, out);
    return { address, file, sha256, bytes: null, token: own ?? (await keptToken(file)), isModel: true };
  }
  const { bytes, name } = await lookAt(address, own, get, AbortSignal.timeout(60_000)).catch(asTold);
  const file = resolve(workingFolder, 'models', modelFileName(address, name));
  return { address, file, sha256, bytes, token: own ?? (await keptToken(file)), isModel: true };
}

/** Whether the file is there and the right one; without a sum, nobody can tell. */
async function isThere({ file, sha256 }: DownloadRequest): Promise<boolean> {
  if (sha256 === null || !(await exists(file))) return false;
  if ((await hashOf(file, new AbortController().signal)) === sha256) return true;
  throw new Failure(
    'output-exists',
    `${file} is another file.`,
    'Move it away, or choose another name with --out.',
  );
}

const acceptedSchema = z.object({ accepted: z.array(z.string()) });

/** A licence is accepted once on a machine. */
async function needLicence(
  starter: Starter,
  isAccepted: boolean,
  configFolder: string,
  terminal: Terminal,
): Promise<void> {
  const file = join(configFolder, 'licences.json');
  const text = await readFile(file, 'utf8').catch(() => '{"accepted":[]}');
  const accepted = acceptedSchema.safeParse(parsed(text)).data?.accepted ?? [];
  const { name, points } = starter.licence;
  if (accepted.includes(name)) return;
  if (!isAccepted) {
    for (const point of points) terminal.line(`- ${point}`);
    const { code, message } = notAccepted(starter);
    const hint = `Read it at ${starter.licence.address} and accept it: screenfold get ${starter.id} --accept-licence`;
    throw new Failure(code, message, hint);
  }
  await makeFolder(configFolder);
  await writeFileAtomic(file, JSON.stringify({ accepted: [...accepted, name] }, null, 2));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
