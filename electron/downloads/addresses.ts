import { createHash } from 'node:crypto';
import { posix } from 'node:path';

import { isModelFile } from '../../native/facts/model-formats.ts';
import { Failure } from '../../native/failure.ts';
import { fileNameOf } from '../library/file-name.ts';
import { isOwnHost } from './http-get.ts';
import { hub } from './starters.ts';

/**
 * An address to download from. Without a secure connection whoever is in between could change the file, which only a sum
 * that is known would tell.
 * @throws Failure `download-address`
 */
export function downloadAddress(text: string, isHeldToHash: boolean): URL {
  const address = URL.parse(text.trim());
  const refuse = (message: string, hint: string) => new Failure('download-address', message, hint);
  if (address === null || !/^https?:$/.test(address.protocol)) {
    throw refuse('This is not a web address.', 'Give the address of a file, beginning with https://');
  }
  if (address.protocol === 'http:' && !isHeldToHash && !isOwnHost(address)) {
    throw refuse(
      `The connection to ${address.host} would not be secure, so that the file could be changed on its way.`,
      'Use the address that begins with https://, or give the SHA-256 of the file.',
    );
  }
  if (address.username !== '' || address.password !== '') {
    throw refuse(
      'The address holds a name or a password.',
      'Leave them out, and give an access token instead.',
    );
  }
  // People copy the address of the page that shows a file on Hugging Face.
  address.pathname = address.pathname.replace(/^(\/[^/]+\/[^/]+)\/blob\//, '$1/resolve/');
  return address;
}

/** Where a file of Hugging Face lies when a mirror is used, as the settings or `HF_ENDPOINT` name it. */
export function mirrored(address: string, mirror: string | undefined): string {
  if (mirror === undefined || mirror.trim() === '' || !address.startsWith(`${hub}/`)) return address;
  return `${mirror.trim().replace(/\/+$/, '')}${address.slice(hub.length)}`;
}

/** What tells a download from others: the same for the same address. */
export function downloadIdOf(address: URL): string {
  return createHash('sha256').update(address.href).digest('hex').slice(0, 16);
}

/**
 * The name of a model file: as its server calls it, or as its address ends.
 * @throws Failure `download-no-model` where neither is that of a file which may hold a model
 */
export function modelFileName(address: URL, named: string | null): string {
  const ofAddress = decoded(posix.basename(address.pathname));
  for (const name of [named, ofAddress]) {
    if (name === null || !isModelFile(name)) continue;
    const end = name.lastIndexOf('.');
    return fileNameOf(
      posix.basename(name.replaceAll('\\', '/').slice(0, end)),
      name.slice(end).toLowerCase(),
    );
  }
  throw new Failure(
    'download-no-model',
    `${address.host} gives a file there that is no model by its name${ofAddress === '' ? '' : `: ${ofAddress}`}.`,
    'Give the address of a .safetensors or .ckpt file of a whole model.',
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
