import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { Failure } from '../../native/failure.ts';
import {
  findPack,
  type FoundPack,
  type NvidiaGpu,
  packRefusal,
  packsFolder,
  packWantedHere,
} from '../../native/runtime/gpu-pack.ts';
import { nvidiaGpus } from '../../native/runtime/nvidia-smi.ts';
import type { HandlersOf } from '../contract/api.ts';
import type { GpuStatus } from '../contract/gpu.ts';
import type { DownloadTasks } from '../downloads/download-tasks.ts';
import { hashOf } from '../downloads/part-file.ts';
import type { Engine } from '../engine/engine.ts';
import { freeOn } from '../library/free-disk.ts';
import type { DomainContext } from '../library/library.ts';
import type { SettingsStore } from '../library/settings.ts';
import { packLicence, type PackOffer } from './pack-offer.ts';
import { archiveAt, noRoomFor, removePack, unpackPack } from './unpack-pack.ts';

export interface GpuDeps {
  readonly engine: Engine;
  readonly settings: SettingsStore;
  readonly tasks: DownloadTasks;
  readonly offer: PackOffer | null;
  /** The folder of all packs; left out, the user's. */
  readonly packs?: string;
  /** What can be computed on may be another now. */
  readonly onDevices: () => void;
}

export interface Gpu {
  readonly handlers: HandlersOf<'gpu'>;
  readonly close: () => Promise<void>;
}

export const packDownloadId = 'gpu-pack';

/** NVIDIA's GPUs on this machine, and the pack of libraries by which they compute. */
export function createGpu(context: DomainContext, deps: GpuDeps): Gpu {
  const { settings, tasks, offer, packs = packsFolder() } = deps;
  const wanted = packWantedHere();
  const gpus = lookOnce(context, deps.engine);
  const found = () => findPack(packs, wanted);
  const changed = () => {
    deps.onDevices();
    context.publish('changed', { subjects: ['system'] });
  };
  const accept = (isAccepted: boolean) => {
    const { acceptedLicences } = settings.get();
    if (acceptedLicences.includes(packLicence.name)) return;
    if (!isAccepted) throw notAccepted();
    settings.change({ acceptedLicences: [...acceptedLicences, packLicence.name] });
    context.publish('changed', { subjects: ['settings'] });
  };
  const refusal = async (): Promise<Failure | null> => {
    if (offer === null) return null;
    const unfit = packRefusal(await gpus.known(), offer.manifest);
    return unfit ?? (found()?.fault === null ? null : await lackOfRoom(packs, offer));
  };

  const handlers: HandlersOf<'gpu'> = {
    'gpu.status': async () => {
      const known = gpus.soFar();
      const why = known === null || known.length === 0 ? null : await refusal();
      return {
        gpus:
          known?.map(({ name, driver, memoryMib, freeMib, busId }) => ({
            ...{ name, driver, memoryMib, freeMib, busId },
          })) ?? null,
        pack: packStatus(found()),
        offer: offer === null ? null : offered(offer),
        licence: packLicence,
        accepted: settings.get().acceptedLicences.includes(packLicence.name),
        refusal: why === null ? null : { code: why.code, message: why.message, hint: why.hint },
      };
    },
    'gpu.load': async () =>
      (await nvidiaGpus()).map(({ name, busId, memoryMib, freeMib, utilization, temperature }) => ({
        ...{ name, busId, memoryMib, freeMib, utilization, temperature },
      })),
    'gpu.look': async () => {
      deps.engine.forgetDrivers?.();
      await gpus.again();
      changed();
      return null;
    },
    'gpu.install': async ({ acceptLicence }) => {
      if (offer?.address == null) throw noOffer();
      const why = await refusal();
      if (why !== null) throw why;
      accept(acceptLicence);
      const { name: fileName, bytes, sha256 } = offer.archive;
      await tasks.start(
        {
          ...{ id: packDownloadId, kind: 'gpu-pack', title: 'GPU pack', address: offer.address },
          ...{ fileName, bytes, sha256, createdAt: context.now() },
        },
        null,
      );
      return null;
    },
    'gpu.installFile': async ({ path, acceptLicence }) => {
      const archive = await archiveAt(path);
      accept(acceptLicence);
      await unpackPack(archive, {
        ...{ packs, wanted, expected: offer?.manifest ?? null },
        gpus: await gpus.known(),
      });
      changed();
      return null;
    },
    'gpu.verify': async () => {
      const fault = await verify(found());
      if (fault !== null) changed();
      return fault;
    },
    'gpu.remove': async () => {
      const pack = found();
      if (pack !== null) await removePack(packs, pack.folder);
      changed();
      return null;
    },
  };
  return { handlers, close: gpus.close };
}

/** Puts a pack's archive that was downloaded to use, after which it is needed no more. */
export function packOpener(packs: string | undefined, offer: PackOffer | null) {
  return async (archive: string, signal: AbortSignal): Promise<void> => {
    await unpackPack(archive, {
      ...{ packs: packs ?? packsFolder(), wanted: packWantedHere(), expected: offer?.manifest ?? null },
      signal,
    });
  };
}

/** Which GPUs there are, asked of the engine once somebody wants to know. */
function lookOnce({ log, publish }: DomainContext, engine: Engine) {
  let known: readonly NvidiaGpu[] | null = null;
  let looking: Promise<readonly NvidiaGpu[]> | null = null;
  const look = async (): Promise<readonly NvidiaGpu[]> => {
    try {
      known = (await engine.run({ kind: 'gpus' })).gpus;
    } catch (error) {
      log.warn('Which GPUs there are could not be found out', error);
      known = [];
    }
    looking = null;
    publish('changed', { subjects: ['system'] });
    return known;
  };
  const again = () => (looking ??= look());
  return {
    again,
    known: async () => known ?? (await again()),
    soFar: () => {
      if (known === null) void again();
      return known;
    },
    close: async () => {
      await looking;
    },
  };
}

function packStatus(pack: FoundPack | null): GpuStatus['pack'] {
  if (pack === null) return null;
  const { folder, fault, manifest } = pack;
  const { onnxRuntime, cuda, files, parts } = manifest;
  return { folder, fault, onnxRuntime, cuda, parts, bytes: bytesOf(files) };
}

const bytesOf = (files: PackOffer['manifest']['files']) => files.reduce((sum, { bytes }) => sum + bytes, 0);

function offered({ address, archive, manifest }: PackOffer): GpuStatus['offer'] {
  return {
    downloadId: packDownloadId,
    hasAddress: address !== null,
    downloadBytes: archive.bytes,
    bytes: bytesOf(manifest.files),
    cuda: manifest.cuda,
  };
}

/** The archive and what is in it are there side by side for a while. */
async function lackOfRoom(packs: string, { archive, manifest }: PackOffer): Promise<Failure | null> {
  const needed = archive.bytes + bytesOf(manifest.files);
  const free = await freeOn(packs);
  return free < needed ? noRoomFor(packs, needed, free) : null;
}

async function verify(pack: FoundPack | null): Promise<string | null> {
  if (pack === null) throw noPack();
  if (pack.fault !== null) return pack.fault;
  for (const { path, sha256 } of pack.manifest.files) {
    const found = await hashOf(join(pack.folder, path), new AbortController().signal);
    if (found === sha256) continue;
    // A file that is not what it should be serves nobody; without it the pack is known to be broken.
    await rm(join(pack.folder, path), { force: true });
    return `${path} is another file than it should be, and was removed`;
  }
  return null;
}

const noPack = () =>
  new Failure('gpu-pack-missing', 'There is no GPU pack on this machine.', 'Install it first.');

const noOffer = () =>
  new Failure(
    'gpu-pack-missing',
    'This version of Screenfold knows no address of its GPU pack.',
    'Get the pack that was published with it, and install it from the file.',
  );

function notAccepted(): Failure {
  return new Failure(
    'licence-not-accepted',
    `The GPU pack comes under the licence ${packLicence.name}, which has to be accepted first.`,
    `Read it at ${packLicence.address} and accept it.`,
  );
}
