import type { HandlersOf } from '../contract/api.ts';
import { fileNameOf } from '../library/file-name.ts';
import { downloadAddress, downloadIdOf, mirrored } from './addresses.ts';
import { filesOfCaptionerAt, filesOfPublished, type WantedFile } from './captioner-files.ts';
import type { DownloadRecord } from './download-records.ts';
import type { HttpGet } from './http-get.ts';
import { type PublishedCaptioner, publishedCaptionerOf } from './published-captioners.ts';

export interface CaptionerDownloadsDeps {
  readonly published: readonly PublishedCaptioner[];
  /** The captioning model of the library that was downloaded under a name. */
  readonly captionerNamed: (name: string) => number | null;
  /** Where the hub is looked for, if not at its own address. */
  readonly mirror: () => string | undefined;
  readonly httpGet: () => HttpGet;
  readonly begin: (
    record: Omit<DownloadRecord, 'createdAt'>,
    token: string | null,
  ) => Promise<{ downloadId: string }>;
}

type Methods = 'downloads.captioners' | 'downloads.startCaptioner' | 'downloads.startCaptionerAddress';

/** How long a server may take to say what it has. */
const lookMs = 60_000;

/** Captioning models that are offered, or lie at an address: several files each, in a folder of their own. */
export function captionerDownloads({
  published,
  captionerNamed,
  mirror,
  httpGet,
  begin,
}: CaptionerDownloadsDeps): Pick<HandlersOf<'downloads'>, Methods> {
  const beginOne = (
    { id, title, address }: Pick<DownloadRecord, 'id' | 'title' | 'address'>,
    files: readonly WantedFile[],
    token: string | null,
  ) =>
    begin(
      {
        ...{ id, kind: 'captioner', title, address },
        ...{ fileName: fileNameOf(title), sha256: null, bytes: null, files: [...files] },
      },
      token,
    );
  return {
    'downloads.captioners': () =>
      published.map(({ id, name, kind, publisher, bytes, licence, page, suits }) => ({
        ...{ id, name, kind, publisher, bytes, licence, page, suits },
        captionerId: captionerNamed(name),
      })),
    'downloads.startCaptioner': async ({ publishedId }) => {
      const captioner = publishedCaptionerOf(publishedId, published);
      const address = downloadAddress(mirrored(captioner.address, mirror()), false);
      const asking = { get: httpGet(), token: null, signal: AbortSignal.timeout(lookMs) };
      const files = await filesOfPublished(captioner, address, asking);
      return beginOne({ id: captioner.id, title: captioner.name, address: address.href }, files, null);
    },
    'downloads.startCaptionerAddress': async ({ address: text, token: given }) => {
      const token = given === '' ? null : given;
      const at = mirror();
      const address = downloadAddress(mirrored(text.trim(), at), false);
      const asking = { get: httpGet(), token, signal: AbortSignal.timeout(lookMs) };
      const { name, files } = await filesOfCaptionerAt(address, at === undefined ? [] : [at], asking);
      return beginOne({ id: downloadIdOf(address), title: name, address: address.href }, files, token);
    },
  };
}
