import { Passing } from './failures.ts';
import type { HttpGet } from './http-get.ts';
import { header, namedFile, take } from './part-plan.ts';

/** What a server says of a file before any of it comes. */
export interface Sight {
  readonly bytes: number | null;
  /** What it calls it. */
  readonly name: string | null;
  /** Which state of what is published there it gives, where it tells. */
  readonly revision: string | null;
}

/** Asks for the first byte alone. Throws what a download would, at once. */
export async function lookAt(
  address: URL,
  token: string | null,
  get: HttpGet,
  signal: AbortSignal,
): Promise<Sight> {
  const headers = { 'accept-encoding': 'identity', range: 'bytes=0-0' };
  const answer = await get(address, { headers, token, signal });
  try {
    const range = /\/(\d+)$/.exec(header(answer, 'content-range') ?? '')?.[1];
    const known = { name: namedFile(answer), revision: answer.revision };
    if (answer.status === 206) return { ...known, bytes: range === undefined ? null : Number(range) };
    const state = { kept: 0, total: null, etag: null };
    const taking = take(answer, {
      state,
      asked: { from: 0, headers },
      bytes: null,
      hasToken: token !== null,
    });
    return { ...known, bytes: taking === 'complete' ? null : taking.total };
  } finally {
    answer.drop();
  }
}

/** Of what is asked once, there is no next try: the failure itself is told. */
export function asTold(error: unknown): never {
  throw error instanceof Passing ? error.failure : error;
}
