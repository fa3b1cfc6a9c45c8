import { Failure } from '../../native/failure.ts';
import { bytesText } from '../contract/quantities.ts';

/** It may pass: the same is tried again after a while. `wait` is what the server asks for, in seconds. */
export class Passing extends Error {
  override readonly name = 'Passing';
  readonly failure: Failure;
  readonly wait: number | null;

  constructor(failure: Failure, wait: number | null = null) {
    super(failure.message);
    this.failure = failure;
    this.wait = wait;
  }
}

/** What came does not belong to what was there before: all of it has to be fetched anew. */
export class Changed extends Error {
  override readonly name = 'Changed';
}

/** What an answer other than a file comes to, by its status. `host` gave it. */
export function refusal(
  status: number,
  host: string,
  hasToken: boolean,
  wait: number | null,
): Failure | Passing {
  const say = (code: string, message: string, hint: string) => new Failure(code, message, hint);
  switch (status) {
    case 401:
    case 403:
      return hasToken
        ? say(
            'download-forbidden',
            `${host} does not give this file to the owner of this access token.`,
            'Open the page of the model in a browser, accept its terms there, and check that the token may read it.',
          )
        : say(
            'download-token-needed',
            `${host} gives this file only to people with an access token.`,
            'Make a token on your account’s page there, accept the terms of the model, and give the token with the download.',
          );
    case 404:
    case 410:
      return say(
        'download-missing',
        `${host} has no such file.`,
        'Check the address: the file may have been moved or withdrawn.',
      );
    case 407:
      return say(
        'download-proxy-refused',
        'The proxy wants a name and a password.',
        'Give them in the address of the proxy: http://name:password@host:port',
      );
    case 408:
    case 425:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
      return new Passing(
        say(
          'download-server-busy',
          `${host} cannot give the file just now (status ${status}).`,
          'Try again in a while; what was downloaded so far is kept.',
        ),
        wait,
      );
    default:
      return say(
        'download-refused',
        `${host} answered with status ${status} instead of the file.`,
        'Check the address, and try again later.',
      );
  }
}

/** The same failure, with the file's name before it where it tells of none: of several, one wants to know which. */
export function ofFile(error: unknown, path: string): unknown {
  if (!(error instanceof Failure) || error.code === 'download-paused' || error.message.includes(path))
    return error;
  return new Failure(error.code, `${path}: ${error.message}`, error.hint, error.cause);
}

export function noRoom(file: string, needed: number, free: number): Failure {
  return new Failure(
    'disk-full',
    `${file} needs ${bytesText(needed)} more, and its disk has ${bytesText(free)} free.`,
    'Free some space on it, or choose another folder; what was downloaded so far is kept.',
  );
}

export function wrongBytes(host: string): Failure {
  return new Failure(
    'download-wrong',
    `What came from ${host} is not the file that was asked for: its SHA-256 is another. It was thrown away.`,
    'Try again later or from another mirror. If it happens again, the file there was changed: do not use it.',
  );
}

export function otherSize(host: string, expected: number, found: number): Failure {
  return new Failure(
    'download-wrong',
    `${host} has another file there: of ${bytesText(found)} (${found} bytes) instead of ${bytesText(expected)} (${expected} bytes).`,
    'Check the address, or try another mirror.',
  );
}

export function noFile(host: string): Failure {
  return new Failure(
    'download-no-file',
    `${host} answered with a web page instead of a file.`,
    'Check the address: it must be that of the file itself. A network that wants a login answers so as well.',
  );
}

export function compressed(host: string, encoding: string): Failure {
  return new Failure(
    'download-compressed',
    `${host} gives the file compressed (${encoding}), although it was asked for as it is.`,
    'Try another mirror. A proxy or a network in between may compress it: go around it if you can.',
  );
}

export const busy = (file: string) =>
  new Failure(
    'download-busy',
    `${file} is being downloaded already, here or by another Screenfold.`,
    'Wait for it to end.',
  );

export const taken = (file: string) =>
  new Failure('output-exists', `${file} already exists.`, 'Choose another name, or move it away.');

export const paused = () =>
  new Failure(
    'download-paused',
    'The download was paused.',
    'What was downloaded so far is kept: start it again to go on.',
  );
