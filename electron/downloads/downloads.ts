import { join } from 'node:path';

import { exists } from '../../native/files/exists.ts';
import type { HandlersOf } from '../contract/api.ts';
import type { DomainContext } from '../library/library.ts';
import type { SettingsStore } from '../library/settings.ts';
import { downloadAddress, downloadIdOf, mirrored, modelFileName } from './addresses.ts';
import { captionerDownloads } from './captioner-downloads.ts';
import type { DownloadRecord } from './download-records.ts';
import { createDownloadTasks, type DownloadTasks } from './download-tasks.ts';
import { createHttpGet, type HttpGet } from './http-get.ts';
import { asTold, lookAt } from './look-at.ts';
import { movedTo } from './moved-to.ts';
import { type PublishedCaptioner, publishedCaptioners as usualCaptioners } from './published-captioners.ts';
import { notAccepted, type Starter, starterOf, starters as usualStarters } from './starters.ts';

export interface DownloadsDeps {
  readonly settings: SettingsStore;
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  /** Makes a file a base of the library, or a LoRA, whichever it is. */
  readonly addBase: (file: string) => Promise<unknown>;
  /** Puts a GPU pack to use. */
  readonly openPack?: (file: string, signal: AbortSignal) => Promise<void>;
  /** The model of the library that a file is. */
  readonly modelOf: (file: string) => Promise<number | null> | number | null;
  /** The LoRA of the library that it is. */
  readonly loraOf?: (file: string) => number | null;
  /** Tries a captioning model, and makes its folder one of the library under this name. */
  readonly addCaptioner?: (folder: string, name: string, signal: AbortSignal) => Promise<void>;
  /** The captioning model that a folder is. */
  readonly captionerOf?: (folder: string) => number | null;
  /** The one that was downloaded under a name. */
  readonly captionerNamed?: (name: string) => number | null;
  /** The bases that are offered; left out, the usual ones. */
  readonly starters?: readonly Starter[];
  /** The captioning models that are offered; left out, the usual ones. */
  readonly captioners?: readonly PublishedCaptioner[];
}

export interface Downloads {
  readonly handlers: HandlersOf<'downloads'>;
  /** For what else comes from the web. */
  readonly tasks: DownloadTasks;
  readonly close: () => Promise<void>;
}

/** What a person has fetched, and asks to be fetched: nothing comes unasked. */
export function createDownloads(context: DomainContext, deps: DownloadsDeps): Downloads {
  const { settings, environment, starters = usualStarters } = deps;
  const folder = context.library.paths.downloads;
  const httpGet = (): HttpGet => {
    const { proxy } = settings.get();
    return createHttpGet({ proxy: proxy === '' ? null : proxy, environment });
  };
  const tasks = createDownloadTasks(folder, {
    ...{ context, httpGet, modelOf: deps.modelOf, loraOf: deps.loraOf ?? (() => null) },
    captionerOf: deps.captionerOf ?? (() => null),
    open: async ({ kind, title }, file, signal) => {
      if (kind === 'gpu-pack') await deps.openPack?.(file, signal);
      else if (kind === 'captioner') await deps.addCaptioner?.(file, title, signal);
      else await deps.addBase(file);
    },
  });
  const accept = (starter: Starter, isAccepted: boolean) => {
    const { name } = starter.licence;
    const { acceptedLicences } = settings.get();
    if (acceptedLicences.includes(name)) return;
    if (!isAccepted) throw notAccepted(starter);
    settings.change({ acceptedLicences: [...acceptedLicences, name] });
    context.publish('changed', { subjects: ['settings'] });
  };
  const begin = async (record: Omit<DownloadRecord, 'createdAt'>, token: string | null) => {
    const before = await tasks.records.find(record.id);
    // Its files belong together: those that came before are of the state that was published then.
    if (before?.files !== undefined) {
      const { address, files } = record;
      if (address === before.address || files === undefined) await tasks.start(before, token);
      else {
        await tasks.pause(before.id);
        const moved = await movedTo(before, { address, files }, tasks.records.fileOf(before));
        await tasks.start(moved, token);
      }
      return { downloadId: record.id };
    }
    // Under the name it has, where it was begun before: what has come of it is there.
    const promised = new Set((await tasks.records.all()).map(({ fileName }) => fileName));
    const fileName = before?.fileName ?? (await freeName(folder, record.fileName, promised));
    await tasks.start({ ...record, fileName, createdAt: before?.createdAt ?? context.now() }, token);
    return { downloadId: record.id };
  };
  const hubOf = (): string | undefined => {
    const { mirror } = settings.get();
    return mirror === '' ? environment.HF_ENDPOINT : mirror;
  };

  const handlers: HandlersOf<'downloads'> = {
    'downloads.starters': () => {
      const { acceptedLicences } = settings.get();
      return starters.map(({ id, name, bytes, resolution, suits, page, licence, opens }) => ({
        ...{ id, name, bytes, resolution, suits, page, licence, opens },
        accepted: acceptedLicences.includes(licence.name),
      }));
    },
    ...captionerDownloads({
      ...{ published: deps.captioners ?? usualCaptioners, mirror: hubOf, httpGet, begin },
      captionerNamed: deps.captionerNamed ?? (() => null),
    }),
    'downloads.list': async () => [...(await tasks.list())],
    'downloads.startBase': ({ starterId, acceptLicence }) => {
      const starter = starterOf(starterId, starters);
      accept(starter, acceptLicence);
      const address = mirrored(starter.address, hubOf());
      const { id, name: title, fileName, sha256, bytes } = starter;
      downloadAddress(address, true);
      return begin({ id, kind: 'base', title, address, fileName, sha256, bytes }, null);
    },
    'downloads.startAddress': async ({ address: text, token: given, sha256: sum }) => {
      const sha256 = sum === '' ? null : sum.toLowerCase();
      const token = given === '' ? null : given;
      const address = downloadAddress(text, sha256 !== null);
      const { bytes, name } = await lookAt(address, token, httpGet(), AbortSignal.timeout(60_000)).catch(
        asTold,
      );
      const fileName = modelFileName(address, name);
      const id = downloadIdOf(address);
      return begin(
        { id, kind: 'base', title: fileName, address: address.href, fileName, sha256, bytes },
        token,
      );
    },
    'downloads.pause': async ({ downloadId }) => {
      await tasks.pause(downloadId);
      return null;
    },
    'downloads.resume': async ({ downloadId }) => {
      await tasks.resume(downloadId);
      return null;
    },
    'downloads.remove': async ({ downloadId }) => {
      await tasks.remove(downloadId);
      return null;
    },
  };
  return { handlers, tasks, close: tasks.close };
}

/** A name that no other file has there, whole or in part, nor is to have. */
async function freeName(folder: string, name: string, promised: ReadonlySet<string>): Promise<string> {
  const end = name.includes('.') ? name.lastIndexOf('.') : name.length;
  for (let count = 1; ; count++) {
    const next = count === 1 ? name : `${name.slice(0, end)} ${count}${name.slice(end)}`;
    const path = join(folder, next);
    if (!promised.has(next) && !(await exists(path)) && !(await exists(`${path}.part`))) return next;
  }
}
