/** What is asked for and what an answer means; nothing here touches a disk or a network. */
import { Changed, compressed, noFile, otherSize, refusal } from './failures.ts';

/** What is known of a file that has come in part. */
export interface PartState {
  /** Bytes that are on the disk for certain. */
  readonly kept: number;
  /** Of the whole file; null as long as no server has told. */
  readonly total: number | null;
  /** A strong one, which names the very bytes; null where the server has none. */
  readonly etag: string | null;
}

export const nothingYet: PartState = { kept: 0, total: null, etag: null };

/** As many bytes at the end of what is there are asked for again, to see that both belong together. */
export const overlap = 64 * 1024;

export interface Asked {
  /** The first byte that is asked for. */
  readonly from: number;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * What to ask for. A part is added to only where something tells that it is of the same file: an ETag, or a SHA-256 that all
 * of it is held to in the end.
 */
export function ask({ kept, etag }: PartState, isHeldToHash: boolean): Asked {
  const from = etag !== null || isHeldToHash ? Math.max(0, kept - overlap) : 0;
  const headers = { 'accept-encoding': 'identity' };
  if (from === 0) return { from, headers };
  return {
    from,
    headers: { ...headers, range: `bytes=${from}-`, ...(etag !== null && { 'if-range': etag }) },
  };
}

/** What of an answer counts. */
export interface AnswerHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly host: string;
}

/** What to do with an answer's bytes: they begin at `from` of a file of `total` bytes, where the server tells. */
export interface Taking {
  readonly from: number;
  readonly total: number | null;
  readonly etag: string | null;
}

export interface Expected {
  readonly state: PartState;
  readonly asked: Asked;
  /** As whoever named the file says; null where they do not. */
  readonly bytes: number | null;
  readonly hasToken: boolean;
}

/**
 * What an answer's bytes are; `complete` where nothing is missing any more.
 * @throws Failure where the server will not give the file; `Passing` where it may later; `Changed` where it has another now
 */
export function take(answer: AnswerHead, expected: Expected): Taking | 'complete' {
  const { status, host } = answer;
  switch (status) {
    case 200:
      return whole(answer, expected);
    case 206:
      return rest(answer, expected);
    case 416:
      return beyond(answer, expected);
    default:
      throw refusal(status, host, expected.hasToken, retryAfter(header(answer, 'retry-after')));
  }
}

function whole(answer: AnswerHead, { bytes }: Expected): Taking {
  refuseOtherThings(answer);
  const total = wholeNumber(header(answer, 'content-length'));
  refuseOtherSize(answer.host, bytes, total);
  return { from: 0, total, etag: strongTag(answer) };
}

function rest(answer: AnswerHead, { state, asked, bytes }: Expected): Taking {
  refuseOtherThings(answer);
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(header(answer, 'content-range') ?? '');
  if (range === null) throw new Changed('it does not say which part it gives');
  const [from, last, total] = [Number(range[1]), Number(range[2]), wholeNumber(range[3])];
  if (from !== asked.from || last < from) throw new Changed('it gives another part than was asked for');
  if (total !== null && last >= total) throw new Changed('it gives more than there is');
  refuseOtherSize(answer.host, bytes, total);
  if (state.total !== null && total !== null && total !== state.total)
    throw new Changed('its length is another');
  const etag = strongTag(answer);
  if (state.etag !== null && etag !== null && etag !== state.etag) throw new Changed('its tag is another');
  return { from, total: total ?? state.total, etag: etag ?? state.etag };
}

/** Nothing lies beyond what is there: either that is all, or the file is shorter now. */
function beyond(answer: AnswerHead, { state, asked }: Expected): 'complete' {
  if (asked.from === 0) throw refusal(416, answer.host, false, null);
  const total = /^bytes \*\/(\d+)$/.exec(header(answer, 'content-range') ?? '')?.[1];
  if (total !== undefined && Number(total) === state.kept) return 'complete';
  throw new Changed('it is shorter than what is there');
}

function refuseOtherThings(answer: AnswerHead): void {
  const encoding = header(answer, 'content-encoding') ?? 'identity';
  if (encoding !== 'identity') throw compressed(answer.host, encoding);
  if (/^text\/html\b/i.test(header(answer, 'content-type') ?? '')) throw noFile(answer.host);
}

function refuseOtherSize(host: string, expected: number | null, found: number | null): void {
  if (expected !== null && found !== null && expected !== found) throw otherSize(host, expected, found);
}

function strongTag(answer: AnswerHead): string | null {
  const tag = header(answer, 'etag') ?? '';
  return /^"[\x21\x23-\x7e]+"$/.test(tag) ? tag : null;
}

export function header({ headers }: Pick<AnswerHead, 'headers'>, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' ? value : (value?.[0] ?? null);
}

function wholeNumber(text: string | null | undefined): number | null {
  if (text === null || text === undefined || !/^\d{1,15}$/.test(text)) return null;
  return Number(text);
}

/** Seconds, of a header that gives them or a date. */
export function retryAfter(text: string | null, now: number = Date.now()): number | null {
  if (text === null) return null;
  const seconds = wholeNumber(text.trim());
  if (seconds !== null) return seconds;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, (date - now) / 1000);
}

/** Tries without a byte of progress between them, after which a download is given up. */
export const mostTries = 6;

/** Seconds to wait before the next try: doubled each time, and up to a minute; what a server asks for up to ten minutes. */
export function waitBefore(tries: number, asked: number | null, random: () => number): number {
  if (asked !== null) return Math.min(asked, 600);
  return Math.min(60, 2 ** (tries - 1)) * (0.5 + random() / 2);
}

/** A SHA-256 that Hugging Face tells with the way to a file: of what its storage holds. */
export function linkedHash(answer: Pick<AnswerHead, 'headers'>): string | null {
  return /^"?([0-9a-f]{64})"?$/.exec(header(answer, 'x-linked-etag') ?? '')?.[1] ?? null;
}

/** The commit that Hugging Face gives a file of, which an address may name in place of a branch. */
export function toldRevision(answer: Pick<AnswerHead, 'headers'>): string | null {
  return /^[0-9a-f]{40}$/.exec(header(answer, 'x-repo-commit') ?? '')?.[0] ?? null;
}

/** What a server calls the file; null where it does not. */
export function namedFile(answer: Pick<AnswerHead, 'headers'>): string | null {
  const text = header(answer, 'content-disposition') ?? '';
  const coded = /filename\*=(?:UTF-8'[^']*')([^;]+)/i.exec(text)?.[1];
  if (coded !== undefined) {
    try {
      return decodeURIComponent(coded.trim());
    } catch {
      // The plain name, then.
    }
  }
  const [, quoted, bare] = /filename=(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(text) ?? [];
  return quoted?.replaceAll(/\\(.)/g, '$1') ?? bare ?? null;
}
