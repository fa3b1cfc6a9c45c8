import { captionerKindOf, graphNamesOf, graphRoundings } from '../../native/captioning/captioner-files.ts';
import { Failure } from '../../native/failure.ts';
import { isJsonObject, type JsonObject } from '../../native/files/json-file.ts';
import { ofFile, refusal } from './failures.ts';
import type { HttpGet } from './http-get.ts';
import { asTold, lookAt, type Sight } from './look-at.ts';
import type { PublishedCaptioner } from './published-captioners.ts';
import { hub } from './starters.ts';

/** One of the files of a model that is several. */
export interface WantedFile {
  /** Where it comes to lie below the model's folder, with slashes. */
  readonly path: string;
  readonly address: string;
  readonly bytes: number | null;
}

/** How a server is asked. */
export interface Asking {
  readonly get: HttpGet;
  readonly token: string | null;
  readonly signal: AbortSignal;
}

type Seen = Omit<WantedFile, 'address'> & { readonly address: URL; readonly revision: string | null };

/**
 * The files of a model of the list, with their sizes.
 * @param address where its files lie, which may be a mirror
 * @throws Failure what its server refuses
 */
export async function filesOfPublished(
  { files, extras }: Pick<PublishedCaptioner, 'files' | 'extras'>,
  address: URL,
  asking: Asking,
): Promise<readonly WantedFile[]> {
  const [seen, more] = await Promise.all([
    Promise.all(files.map(async (path) => needed(await see(address, path, asking), path, address))),
    Promise.all(extras.map((path) => see(address, path, asking))),
  ]);
  return ofOneRevision([...seen, ...more]);
}

/**
 * Finds the files of a captioning model where others published it: under the names that `findCaptioner` looks for.
 * @param address of a page of the hub, or of a folder on any server
 * @throws Failure `captioner-not-there`, and what its server refuses
 */
export async function filesOfCaptionerAt(
  address: URL,
  hubs: readonly string[],
  asking: Asking,
): Promise<{ readonly name: string; readonly files: readonly WantedFile[] }> {
  const { name, folder } = captionerPlace(address, hubs);
  const look = (path: string) => see(folder, path, asking);
  const [tags, config] = await Promise.all([look('selected_tags.csv'), look('config.json')]);
  if (tags !== null) {
    const model = needed(await look('model.onnx'), 'model.onnx', folder);
    return { name, files: ofOneRevision([tags, model, ...(await beside(model, look))]) };
  }
  const kind = config === null ? null : captionerKindOf(await readConfig(config.address, asking));
  if (kind === null) throw notThere(folder);
  const graphs = await Promise.all(
    Object.values(graphNamesOf(kind)).map(async (names) => {
      const graph = await firstGraph(names, look);
      return needed(graph, `${names[0]!}.onnx`, folder);
    }),
  );
  const texts = ['tokenizer_config.json', 'preprocessor_config.json', 'generation_config.json'];
  const [tokenizer, more, weights] = await Promise.all([
    look('tokenizer.json').then((one) => needed(one, 'tokenizer.json', folder)),
    Promise.all(texts.map(look)),
    Promise.all(graphs.map((graph) => beside(graph, look))),
  ]);
  return { name, files: ofOneRevision([config, tokenizer, ...more, ...graphs, ...weights.flat()]) };
}

/** Where the files of a model lie, and what it is called, by the address that a person has of it. */
export function captionerPlace(
  address: URL,
  hubs: readonly string[],
): { readonly name: string; readonly folder: URL } {
  const parts = address.pathname.split('/').filter((part) => part !== '');
  // Whoever copied the address of one of the files means the model.
  if (/\.(?:onnx|csv|json)$/i.test(parts.at(-1) ?? '')) parts.pop();
  if (parts.at(-1) === 'onnx') parts.pop();
  const [owner, repository, kind, revision = 'main', ...below] = parts;
  const isOfHub = [hub, ...hubs].some((one) => URL.parse(one)?.origin === address.origin);
  const isPage = owner !== undefined && repository !== undefined && (kind ?? 'tree') !== 'raw';
  const way =
    isOfHub && isPage && ['tree', 'blob', 'resolve', undefined].includes(kind)
      ? [owner, repository, 'resolve', revision, ...below]
      : parts;
  const name = isOfHub && repository !== undefined ? repository : (parts.at(-1) ?? address.hostname);
  return { name, folder: new URL(`/${way.map((part) => `${part}/`).join('')}`, address.origin) };
}

type Look = (path: string) => Promise<Seen | null>;

/** The first of these names that there is, whole numbers before rounded ones, in `onnx/` before beside it. */
async function firstGraph(names: readonly string[], look: Look): Promise<Seen | null> {
  for (const rounding of graphRoundings) {
    const paths = ['onnx/', ''].flatMap((folder) => names.map((name) => `${folder}${name}${rounding}.onnx`));
    const found = (await Promise.all(paths.map(look))).find((one) => one !== null);
    if (found !== undefined) return found;
  }
  return null;
}

/** Weights that lie beside a graph, as whoever exports large ones puts them. */
async function beside({ path }: Seen, look: Look): Promise<readonly (Seen | null)[]> {
  return Promise.all([`${path}_data`, `${path}.data`].map(look));
}

/** What a server says of a file; null where it has none. */
async function see(folder: URL, path: string, { get, token, signal }: Asking): Promise<Seen | null> {
  const address = new URL(path, folder);
  try {
    const { bytes, revision }: Sight = await lookAt(address, token, get, signal).catch(asTold);
    return { path, address, bytes, revision };
  } catch (error) {
    if (error instanceof Failure && error.code === 'download-missing') return null;
    throw ofFile(error, path);
  }
}

/** A config is a few kilobytes. */
const mostOfConfig = 1024 * 1024;

async function readConfig(address: URL, { get, token, signal }: Asking): Promise<JsonObject> {
  const headers = { 'accept-encoding': 'identity' };
  const answer = await get(address, { headers, token, signal }).catch(asTold);
  const chunks: Uint8Array[] = [];
  try {
    if (answer.status !== 200) throw refusal(answer.status, answer.host, token !== null, null);
    let length = 0;
    for await (const chunk of answer.body) {
      if ((length += chunk.length) > mostOfConfig) break;
      chunks.push(chunk);
    }
    const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    return isJsonObject(parsed) ? parsed : {};
  } catch (error) {
    // What is no JSON tells nothing of a model.
    if (error instanceof SyntaxError) return {};
    return asTold(error);
  } finally {
    answer.drop();
  }
}

/**
 * All of one state of what is published: whatever is changed there meanwhile, its files belong together. The hub tells which
 * state it gives, and gives each by its name.
 */
function ofOneRevision(seen: readonly (Seen | null)[]): readonly WantedFile[] {
  const there = seen.filter((one) => one !== null);
  const revision = there.find((one) => one.revision !== null)?.revision ?? null;
  return there.map(({ path, address, bytes }) => {
    const fixed = address.href.replace(
      /^(https?:\/\/[^/]+\/(?:[^/]+\/)*?resolve\/)[^/]+\//,
      `$1${revision ?? ''}/`,
    );
    return { path, address: revision === null ? address.href : fixed, bytes };
  });
}

function needed(seen: Seen | null, path: string, { host, pathname }: URL): Seen {
  if (seen !== null) return seen;
  throw new Failure(
    'download-missing',
    `${host} has no ${path} at ${pathname}.`,
    'The model may have been moved or withdrawn, or be laid out as none that is read here: see its page.',
  );
}

function notThere({ host, pathname }: URL): Failure {
  return new Failure(
    'captioner-not-there',
    `${host} has no captioning model that can be used here at ${pathname}.`,
    'Give the address of a model’s page on Hugging Face, or of a folder with a WD tagger (model.onnx and selected_tags.csv), or with BLIP, ViT-GPT2 or Florence-2 as ONNX.',
  );
}
