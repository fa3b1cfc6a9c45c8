import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { z } from 'zod';

import { Failure } from '../../../native/failure.ts';
import { makeFolder, writeFileAtomic } from '../../../native/files/atomic-file.ts';
import { exists } from '../../../native/files/exists.ts';
import { bytesText, durationText } from '../../contract/quantities.ts';
import { downloadAddress, mirrored, modelFileName } from '../../downloads/addresses.ts';
import { download, type DownloadProgress, type DownloadRequest } from '../../downloads/download.ts';
import { createDownloadMeter } from '../../downloads/download-meter.ts';
import { createHttpGet, type HttpGet } from '../../downloads/http-get.ts';
import { asTold, lookAt } from '../../downloads/look-at.ts';
import { hashOf, keptToken } from '../../downloads/part-file.ts';
import { hub, notAccepted, type Starter, starterOf, starters } from '../../downloads/starters.ts';
import { withInterrupts } from '../interrupts.ts';
import type { Terminal } from '../terminal.ts';
import { type CommandContext, type ExitCode, exitCodes, usage } from './context.ts';

export interface GetOptions {
  readonly out?: string;
  readonly acceptLicence: boolean;
  readonly token?: string;
  readonly sha256?: string;
  readonly mirror?: string;
  readonly proxy?: string;
}

export interface GetPlace {
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  readonly configFolder: string;
}

export const getCommand = { list, fetch: fetchModel } as const;

function list({ terminal }: CommandContext): void {
  terminal.object({ starters });
  for (const { id, name, bytes, licence, suits, opens } of starters) {
    terminal.line(`${id.padEnd(9)} ${name}, ${bytesText(bytes)}, ${licence.name}`);
    terminal.line(
      `${''.padEnd(9)} ${suits}${opens ? '' : ' This version of Screenfold cannot open it yet.'}`,
    );
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
  const get = createHttpGet({ proxy: options.proxy ?? null, environment: place.environment });
  const request = /^[a-z]+:\/\//i.test(what)
    ? await ofAddress(what, context, options, place, get)
    : await ofStarter(starterOf(what), context, options, place);
  const { file } = request;
  if (await isThere(request)) terminal.line(`It is there already: ${file}`);
  else if (!(await bring(request, get, terminal))) {
    terminal.line('Paused. What was downloaded so far is kept: the same command goes on.');
    return exitCodes.interrupted;
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
    return { address, file, sha256, bytes: null, token: own ?? (await keptToken(file)) };
  }
  const { bytes, name } = await lookAt(address, own, get, AbortSignal.timeout(60_000)).catch(asTold);
  const file = resolve(workingFolder, 'models', modelFileName(address, name));
  return { address, file, sha256, bytes, token: own ?? (await keptToken(file)) };
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

/** Gives whether it came to its end. */
async function bring(request: DownloadRequest, get: HttpGet, terminal: Terminal): Promise<boolean> {
  const gauge = terminal.gauge();
  const onStop = () => {
    terminal.warn('Pausing …');
  };
  try {
    return await withInterrupts(onStop, async ({ stop }) => {
      const { bytes, sha256 } = await download(request, {
        get,
        signal: stop,
        onProgress: teller(terminal, gauge.show),
      });
      gauge.end();
      const checked = sha256 === null ? 'its host gives no SHA-256 to hold it to' : `SHA-256 ${sha256}`;
      terminal.line(`${request.file}: ${bytesText(bytes)}, ${checked}`);
      return true;
    });
  } catch (error) {
    if (error instanceof Failure && error.code === 'download-paused') return false;
    throw error;
  } finally {
    gauge.end();
  }
}

type Show = ReturnType<Terminal['gauge']>['show'];

function teller(terminal: Terminal, show: Show): (said: DownloadProgress) => void {
  const meter = createDownloadMeter();
  const megabytes = (bytes: number) => Math.round(bytes / 1e6);
  return (said) => {
    if (said.phase === 'waiting') {
      terminal.warn(`${said.why.message} Trying again in ${durationText(said.seconds)} …`);
      return;
    }
    const { done, total, phase } = said;
    const { bytesPerSecond, secondsLeft } = meter(done, total);
    const rate = bytesPerSecond === null ? '' : `${bytesText(bytesPerSecond)}/s`;
    const left = secondsLeft === null ? '' : `, ${durationText(secondsLeft)} left`;
    const label = phase === 'checking' ? 'Checking, MB' : 'Downloading, MB';
    show(label, megabytes(done), megabytes(total ?? done), `${rate}${left}`);
  };
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
