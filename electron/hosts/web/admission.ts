import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What of a request decides whether it is let in. */
export interface Knock {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Whether it asks for a WebSocket. */
  readonly upgrade: boolean;
}

export function knockOf({ method = 'GET', url = '/', headers }: IncomingMessage, upgrade: boolean): Knock {
  return { method, url, headers, upgrade };
}

export interface Keys {
  /** Goes into the address a person opens. */
  readonly token: string;
  /** Each as good as the token, once: for addresses that other users of the machine may see, as in a list of processes. */
  readonly tickets: ReadonlySet<string>;
  /** What a browser that showed the token keeps as a cookie from then on. */
  readonly session: string;
  readonly cookieName: string;
}

export type Admission =
  | { readonly kind: 'admitted'; readonly path: string; readonly query: URLSearchParams }
  /** The token was right: the browser is given its cookie and sent on to the address without the token. */
  | { readonly kind: 'welcome'; readonly cookie: string; readonly ticket: string | null }
  | { readonly kind: 'refused'; readonly status: 400 | 401 | 403; readonly why: string };

const ownNames = /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/;

/**
 * Lets in who comes from this machine's own browser with the token or its cookie. A name other than this machine's in
 * `Host` means that a foreign name was pointed here; a foreign `Origin`, that another page asks. The port is not
 * checked against our own, for it is another one behind a tunnel.
 */
export function admit({ method, url, headers, upgrade }: Knock, keys: Keys): Admission {
  const host = single(headers.host);
  if (host === null || !ownNames.test(host)) {
    return refused(403, 'Screenfold answers under this machine’s own name alone: 127.0.0.1 or localhost.');
  }
  const origin = single(headers.origin);
  if (origin !== null && origin !== `http://${host}`) return refused(403, 'Another page may not ask.');
  const changes = upgrade || (method !== 'GET' && method !== 'HEAD');
  if (changes && origin === null) return refused(403, 'Only the page itself may ask for this.');

  const address = parsedAddress(url, host);
  if (address === null) return refused(400, 'That is no address.');
  const token = address.searchParams.get('token');
  if (token !== null && address.pathname === '/' && method === 'GET' && !upgrade) {
    const ticket = keys.tickets.has(token) ? token : null;
    if (ticket === null && !same(token, keys.token))
      return refused(401, 'The token is not that of this run of Screenfold.');
    // Lax would let links of other pages in; those are not how one comes here.
    const cookie = `${keys.cookieName}=${keys.session}; Path=/; HttpOnly; SameSite=Strict`;
    return { kind: 'welcome', cookie, ticket };
  }
  const site = single(headers['sec-fetch-site']);
  if (site === 'cross-site' || site === 'same-site') return refused(403, 'Another page may not ask.');
  const session = cookieOf(single(headers.cookie) ?? '', keys.cookieName);
  if (session === null || !same(session, keys.session)) {
    return refused(401, 'Open the address that Screenfold printed when it started: it holds the token.');
  }
  return { kind: 'admitted', path: address.pathname, query: address.searchParams };
}

const refused = (status: 400 | 401 | 403, why: string): Admission => ({ kind: 'refused', status, why });

function single(header: string | readonly string[] | undefined): string | null {
  return typeof header === 'string' ? header : null;
}

function parsedAddress(url: string, host: string): URL | null {
  return URL.canParse(url, `http://${host}`) ? new URL(url, `http://${host}`) : null;
}

function cookieOf(header: string, name: string): string | null {
  for (const part of header.split(';')) {
    const [key, value] = part.trim().split('=', 2);
    if (key === name && value !== undefined) return value;
  }
  return null;
}

/** In a time that does not tell how much of it was right. */
function same(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
