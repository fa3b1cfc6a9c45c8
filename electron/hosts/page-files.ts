import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { extname, join, resolve, sep } from 'node:path';

import { contentSecurityPolicy } from './page-policy.ts';

export interface PageFile {
  readonly contentType: string;
  readonly content: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
};

/** Built files have their content's hash in their names; so what is there under a name stays so. */
const forEver = { 'Cache-Control': 'public, max-age=31536000, immutable' };

/**
 * The built page's files by the path of an address, `/` being the page itself. Null for what is not there, for what
 * has no known type, and for everything outside the folder.
 */
export async function pageFile(folder: string, urlPath: string): Promise<PageFile | null> {
  if (urlPath === '/' || urlPath === '/index.html') return pageItself(folder);
  const file = within(folder, urlPath);
  if (file === null) return null;
  const contentType = contentTypes[extname(file).toLowerCase()];
  if (contentType === undefined || contentType.startsWith('text/html')) return null;
  const status = await stat(file).catch(() => null);
  if (status?.isFile() !== true) return null;
  const headers = urlPath.startsWith('/assets/') ? forEver : { 'Cache-Control': 'no-cache' };
  return { contentType, content: await readFile(file), headers };
}

/** The page with a fresh nonce in its head and in its policy. */
async function pageItself(folder: string): Promise<PageFile> {
  const html = await readFile(join(folder, 'index.html'), 'utf8');
  const nonce = randomBytes(18).toString('base64url');
  return {
    contentType: 'text/html; charset=utf-8',
    content: Buffer.from(
      html.replace('<head>', `<head>\n    <meta name="style-nonce" content="${nonce}" />`),
    ),
    headers: { 'Cache-Control': 'no-store', 'Content-Security-Policy': contentSecurityPolicy(nonce) },
  };
}

/** The file that an address's path names below a folder; null where it would lie elsewhere or names none. */
export function within(folder: string, urlPath: string): string | null {
  const segments = decodedSegments(urlPath);
  if (segments === null || segments.length === 0) return null;
  const file = join(folder, ...segments);
  return file.startsWith(resolve(folder) + sep) ? file : null;
}

/**
 * The parts of `/a/b%20c`, decoded. Null where one of them is empty, goes up or stays, or holds what separates parts
 * or names drives and streams on any platform: such paths are refused on all of them.
 */
export function decodedSegments(urlPath: string): readonly string[] | null {
  if (!urlPath.startsWith('/')) return null;
  const segments: string[] = [];
  for (const raw of urlPath.slice(1).split('/')) {
    const segment = decoded(raw);
    if (segment === null || segment === '' || segment === '.' || segment === '..') return null;
    if (/[/\\:]/.test(segment) || segment.includes('\0')) return null;
    segments.push(segment);
  }
  return segments;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
