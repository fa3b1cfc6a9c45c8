import { Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as SecureAgent, request as requestHttps } from 'node:https';

import { Failure, messageOf } from '../../native/failure.ts';
import { Passing } from './failures.ts';
import { type AnswerHead, linkedHash, toldRevision } from './part-plan.ts';

/** The ways to the network a person has set. */
export interface Network {
  /** Address of a proxy; null: what `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say. */
  readonly proxy: string | null;
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  /** Seconds without a byte, after which a connection counts as dead. */
  readonly patience?: number;
}

export interface Answer extends AnswerHead {
  /** What storage behind the first host says its file has. */
  readonly sha256: string | null;
  /** The state of a repository that the first host gives its file of; null where it tells none. */
  readonly revision: string | null;
  /** The bytes, as they come. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Breaks it off. */
  readonly drop: () => void;
}

export interface GetOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** Shown to the host of the address alone, and over a secure connection or to this machine. */
  readonly token: string | null;
  readonly signal: AbortSignal;
}

export type HttpGet = (address: URL, options: GetOptions) => Promise<Answer>;

const mostRedirects = 8;

/** Whether a host is this machine. */
export function isOwnHost({ hostname }: URL): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

/**
 * GET that follows redirects itself, for whom a token is shown to has to be decided at each. Proxies are Node's own work.
 * Throws `Passing` for what may go better another time.
 */
export function createHttpGet({ proxy, environment, patience = 30 }: Network): HttpGet {
  const agents = agentsOf(proxyEnvironment(proxy, environment));
  return async (address, { headers, token, signal }) => {
    let at = address;
    let [sha256, revision]: [string | null, string | null] = [null, null];
    for (let hop = 0; hop <= mostRedirects; hop++) {
      const shown =
        token !== null && at.origin === address.origin && (at.protocol === 'https:' || isOwnHost(at));
      const response = await open(at, {
        agent: agents[at.protocol as keyof typeof agents],
        headers: {
          ...headers,
          'user-agent': 'Screenfold',
          ...(shown && { authorization: `Bearer ${token}` }),
        },
        ...{ signal, patience },
      });
      const { statusCode: status = 0 } = response;
      // Only whom a person named says what the file is; where they send one to does not.
      if (at.origin === address.origin) {
        sha256 ??= linkedHash(response);
        revision ??= toldRevision(response);
      }
      const { location } = response.headers;
      if (![301, 302, 303, 307, 308].includes(status) || location === undefined) {
        const drop = () => response.destroy();
        return {
          status,
          headers: response.headers,
          host: at.host,
          sha256,
          revision,
          drop,
          body: patiently(response, patience, at),
        };
      }
      response.destroy();
      at = nextAddress(location, at);
    }
    throw new Failure(
      'download-astray',
      `${address.host} redirects again and again instead of giving the file.`,
      'Check the address, or try another mirror.',
    );
  };
}

type ProxyEnvironment = Record<string, string | undefined>;

function agentsOf(proxyEnv: ProxyEnvironment) {
  for (const [name, value] of Object.entries(proxyEnv)) {
    const isProxy = !name.toLowerCase().startsWith('no_') && value !== undefined && value !== '';
    if (isProxy && !/^https?:$/.test(URL.parse(value)?.protocol ?? '')) throw noProxy();
  }
  return { 'http:': new Agent({ proxyEnv }), 'https:': new SecureAgent({ proxyEnv }) };
}

/** Its address may hold a password, and is not repeated. */
function noProxy(): Failure {
  return new Failure(
    'download-proxy-invalid',
    'The proxy in the settings is not an address.',
    'Write it as http://host:port, in the settings or in HTTPS_PROXY.',
  );
}

function proxyEnvironment(proxy: string | null, environment: Readonly<NodeJS.ProcessEnv>): ProxyEnvironment {
  const { NO_PROXY, no_proxy: noProxy } = environment;
  if (proxy !== null) return { HTTP_PROXY: proxy, HTTPS_PROXY: proxy, NO_PROXY: noProxy ?? NO_PROXY };
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy'];
  return Object.fromEntries(names.map((name) => [name, environment[name]]));
}

function nextAddress(location: string, from: URL): URL {
  const next = URL.parse(location, from.href);
  const known = next?.protocol === 'https:' || next?.protocol === 'http:';
  const lessSecure = from.protocol === 'https:' && next?.protocol === 'http:';
  if (next !== null && known && !lessSecure) return next;
  throw new Failure(
    'download-astray',
    `${from.host} redirects to an address that is not used: ${lessSecure ? 'it is not secure' : 'it is not a web address'}.`,
    'Check the address, or try another mirror.',
  );
}

interface Opening {
  readonly agent: Agent;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly patience: number;
}

function open(at: URL, { agent, headers, signal, patience }: Opening): Promise<IncomingMessage> {
  const send = at.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      request.destroy();
      reject(stalled(at, patience));
    }, patience * 1000);
    const fail = (error: Error) => {
      clearTimeout(late);
      reject(signal.aborted ? error : unreachable(at, error));
    };
    let request: ClientRequest;
    try {
      request = send(at, { agent, headers, signal });
    } catch (error) {
      clearTimeout(late);
      throw unusable(at, error);
    }
    request.on('error', fail);
    request.on('response', (response) => {
      clearTimeout(late);
      resolve(response);
    });
    request.end();
  });
}

/** The chunks of an answer; one that does not come in time is a connection that is dead. */
async function* patiently(response: IncomingMessage, patience: number, at: URL): AsyncGenerator<Uint8Array> {
  // What is done with a chunk takes a time of its own, which is not the connection's.
  let isWaiting = true;
  const late = setTimeout(() => {
    if (isWaiting) response.destroy(stalled(at, patience));
    else late.refresh();
  }, patience * 1000);
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      isWaiting = false;
      yield chunk;
      isWaiting = true;
      late.refresh();
    }
  } catch (error) {
    throw error instanceof Passing ? error : unreachable(at, error);
  } finally {
    clearTimeout(late);
  }
}

function stalled({ host }: URL, patience: number): Passing {
  return new Passing(
    new Failure(
      'download-stalled',
      `Nothing has come from ${host} for ${patience} seconds.`,
      'Check the connection, and try again; what was downloaded so far is kept.',
    ),
  );
}

/** What commonly keeps a connection from being made, by its code. */
const inWords: Readonly<Record<string, (host: string) => string>> = {
  ENOTFOUND: (host) => `${host} was not found: this computer is offline, or the name is wrong.`,
  EAI_AGAIN: (host) => `${host} was not found: this computer is offline.`,
  ECONNREFUSED: (host) => `Nothing answers at ${host}.`,
  ECONNRESET: (host) => `${host} broke off the connection.`,
  ETIMEDOUT: (host) => `${host} did not answer in time.`,
};

function unreachable({ host }: URL, error: unknown): Passing {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const certificate = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code);
  return new Passing(
    new Failure(
      certificate ? 'download-not-trusted' : 'download-unreachable',
      certificate
        ? `${host} could not prove that it is ${host} (${code}).`
        : (inWords[code]?.(host) ??
            `The connection to ${host} failed: ${code === '' ? messageOf(error) : code}.`),
      certificate
        ? 'A program or a network in between may be reading along. If it is your own, give its certificate in NODE_EXTRA_CA_CERTS.'
        : 'Check the connection and the proxy, and try again; what was downloaded so far is kept.',
      error,
    ),
  );
}

function unusable({ host }: URL, error: unknown): Failure {
  return new Failure(
    'download-address',
    `${host} cannot be asked: ${messageOf(error)}.`,
    'Check the address, the token and the proxy.',
    error,
  );
}
