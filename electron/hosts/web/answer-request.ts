import type { IncomingMessage, ServerResponse } from 'node:http';

import { failureText } from '../../../native/facts/failure-text.ts';
import { Failure } from '../../../native/failure.ts';
import { expectedFailure } from '../../../native/files/as-failure.ts';
import { isDiskFull } from '../../../native/files/storage-failure.ts';
import type { Studio } from '../../studio/studio.ts';
import { pageFile } from '../page-files.ts';
import { commonHeaders } from '../page-policy.ts';
import { admit, knockOf } from './admission.ts';
import type { KeyRing } from './key-ring.ts';
import { sendMedia } from './send-media.ts';
import { limitOf, receiveUpload, tooLarge, uploadTarget } from './uploads.ts';

/** What requests are answered with. */
export interface Answering {
  /** Rejected: whoever asks for what the studio has is told why. */
  readonly studio: Promise<Pick<Studio, 'media' | 'uploads'>>;
  /** The built page. */
  readonly pageFolder: string;
  readonly ring: KeyRing;
  /** Bytes of the largest file that is taken. */
  readonly uploadLimit: number;
}

/** Milliseconds without a byte of an upload after which nothing more is expected; how long it takes in all is its own affair. */
const uploadPatience = 120_000;

/** Answers an HTTP request, whatever comes of it. */
export async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  answering: Answering,
): Promise<void> {
  // A browser that is gone, or whoever else was; what was being sent ends with it.
  for (const stream of [request, response]) stream.on('error', () => stream.destroy());
  try {
    await answer(request, response, answering);
  } catch (error) {
    sayWhy(response, error);
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  answering: Answering,
): Promise<void> {
  const { ring } = answering;
  for (const [name, value] of Object.entries(commonHeaders)) response.setHeader(name, value);
  const admission = admit(knockOf(request, false), ring.keys);
  if (admission.kind === 'refused') {
    // What a stranger goes on sending is not waited for.
    response.setHeader('Connection', 'close');
    say(response, admission.status, admission.why);
  } else if (admission.kind === 'welcome') {
    if (admission.ticket !== null) ring.spend(admission.ticket);
    response.setHeader('Set-Cookie', admission.cookie);
    sendOnward(response);
  } else if (request.method === 'PUT') {
    await upload(request, response, admission.path, answering);
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    say(response, 405, 'There is nothing here that can be asked for in this way.');
  } else if (admission.path.startsWith('/media/')) {
    const media = await (await answering.studio).media(admission.path);
    if (media === null) say(response, 404, 'There is no such picture.');
    else await sendMedia(request, response, media, admission.query.has('v'));
  } else {
    await sendPageFile(request, response, admission.path, answering);
  }
}

async function upload(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  { studio, uploadLimit }: Answering,
): Promise<void> {
  const { uploads } = await studio;
  const target = uploadTarget(uploads, path);
  if (target === null) {
    say(response, 400, 'A file cannot be put there.');
    return;
  }
  const limit = limitOf(target, uploadLimit);
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  request.setTimeout(uploadPatience, () => request.destroy());
  await receiveUpload(request, uploads, target, limit);
  response.writeHead(204).end();
}

async function sendPageFile(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  { pageFolder }: Answering,
): Promise<void> {
  const file = await pageFile(pageFolder, path);
  if (file === null) {
    say(response, 404, 'There is nothing here.');
    return;
  }
  response.writeHead(200, {
    ...file.headers,
    'Content-Type': file.contentType,
    'Content-Length': file.content.length,
  });
  response.end(request.method === 'HEAD' ? undefined : file.content);
}

/**
 * Goes on to the page by itself rather than by a redirect: where the address was clicked in a page of another site,
 * as a terminal in a browser is, a redirect would count as that site's doing and go without the cookie.
 */
const onward = '<!doctype html><meta http-equiv="refresh" content="0; url=/" /><title>Screenfold</title>\n';

function sendOnward(response: ServerResponse): void {
  response.writeHead(200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Cache-Control': 'no-store',
  });
  response.end(onward);
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(`${text}\n`);
}

/** Why a request could not be answered; nobody is told any more where half of the answer has been sent. */
function sayWhy(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.setHeader('Connection', 'close');
  if (error instanceof Failure && error.code === 'upload-too-large') {
    say(response, 413, error.message);
    return;
  }
  const failure = expectedFailure(error);
  if (failure !== null) say(response, isDiskFull(failure) ? 507 : 409, failureText(failure));
  else say(response, 500, error instanceof Error ? error.message : String(error));
}
