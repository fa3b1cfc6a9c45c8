import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test, vi } from 'vitest';

import type { ClosableClient } from '../../electron/connection/client.ts';
import type { GpuStatus } from '../../electron/contract/gpu.ts';
import type { Engine } from '../../electron/engine/engine.ts';
import type { PackOffer } from '../../electron/gpu/pack-offer.ts';
import { resourcesOf } from '../../electron/studio/domains.ts';
import { lockFile } from '../../native/files/process-lock.ts';
import { packIdOf } from '../../native/runtime/gpu-pack.ts';
import type { NvidiaGpu } from '../../native/runtime/nvidia-smi.ts';
import { type FileServer, give, serve } from '../downloads/file-server.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { noEngine, openStudio } from '../studio/open-studio.ts';
import { card, writeArchive } from './stand-in-pack.ts';

const resources = resourcesOf(fileURLToPath(new URL('../../resources', import.meta.url)));

/** An engine that sees these GPUs, and counts how often it was asked what can be computed on. */
function seeing(gpus: readonly NvidiaGpu[]) {
  let looks = 0;
  let forgotten = 0;
  const run = (job: { readonly kind: string }) => {
    if (job.kind === 'gpus') return Promise.resolve({ kind: 'gpus', gpus });
    if (job.kind === 'info') looks += 1;
    return noEngine.run({ kind: 'info' });
  };
  const engine: Engine = { run: run as Engine['run'], forgetDrivers: () => forgotten++ };
  return { engine, looks: () => looks, forgotten: () => forgotten };
}

async function studioWith(offer: PackOffer, gpus: readonly NvidiaGpu[] = [card]) {
  const folder = temporaryFolder();
  const gpuPack = join(folder, 'gpu-pack.json');
  writeFileSync(gpuPack, JSON.stringify(offer));
  const gpuPacks = join(folder, 'packs');
  const { engine, looks, forgotten } = seeing(gpus);
  const { client, studio } = await openStudio({ engine, gpuPacks, resources: { ...resources, gpuPack } });
  return { client, studio, gpuPacks, looks, forgotten };
}

const until = (client: ClosableClient, holds: (status: GpuStatus) => boolean) =>
  vi.waitUntil(
    async () => {
      const status = await client.call('gpu.status', {});
      return holds(status) ? status : false;
    },
    { timeout: 10_000, interval: 20 },
  );

const served = (bytes: Buffer, damage: (turn: number) => { stallAfter?: number } = () => ({})) =>
  serve((request, response, turn) => {
    give(bytes, request, response, damage(turn));
  });

const at = (offer: PackOffer, { origin }: FileServer): PackOffer => ({
  ...offer,
  address: `${origin}/pack.zip`,
});

describe('the GPU pack', () => {
  test('is offered where there is a GPU for it, and installed when its licence was accepted', async () => {
    const { offer, bytes } = await writeArchive(temporaryFolder());
    const server = await served(bytes);
    const { client, gpuPacks, looks } = await studioWith(at(offer, server));
    const before = await until(client, ({ gpus }) => gpus !== null);
    expect(before).toMatchObject({ pack: null, refusal: null, accepted: false, gpus: [{ name: card.name }] });
    expect(before.offer).toMatchObject({ hasAddress: true, downloadBytes: bytes.length });
    await client.call('system.info', {});
    const looksBefore = looks();
    await expect(client.call('gpu.install', {})).rejects.toMatchObject({ code: 'licence-not-accepted' });
    expect(server.asked).toEqual([]);

    await client.call('gpu.install', { acceptLicence: true });
    const { pack } = await until(client, (status) => status.pack !== null);
    expect(pack).toMatchObject({ fault: null, cuda: 13, folder: join(gpuPacks, packIdOf(offer.manifest)) });
    expect(await client.call('gpu.verify', {})).toBeNull();
    // The archive is not kept beside what was unpacked of it, and devices are looked for again.
    await vi.waitUntil(async () => (await client.call('downloads.list', {})).length === 0);
    expect(looks()).toBe(looksBefore + 1);
    expect(readdirSync(gpuPacks)).toEqual([packIdOf(offer.manifest)]);

    await client.call('gpu.remove', {});
    expect((await client.call('gpu.status', {})).pack).toBeNull();
    expect(existsSync(pack!.folder)).toBe(false);
  });

  test('whose download is paused goes on', async () => {
    const { offer, bytes } = await writeArchive(temporaryFolder());
    const server = await served(bytes, (turn) => (turn === 1 ? { stallAfter: 200 } : {}));
    const { client } = await studioWith(at(offer, server));
    await client.call('gpu.install', { acceptLicence: true });
    await vi.waitUntil(() => server.asked.length === 1);
    await client.call('downloads.pause', { downloadId: 'gpu-pack' });
    await client.call('downloads.resume', { downloadId: 'gpu-pack' });
    await until(client, ({ pack }) => pack?.fault === null);
  });

  test('is removed at once, by nobody while one is unpacked, with what a removal that was killed left', async () => {
    const folder = temporaryFolder();
    const { offer } = await writeArchive(folder);
    const { client, gpuPacks } = await studioWith(offer);
    await client.call('gpu.installFile', { path: folder, acceptLicence: true });
    const unlock = lockFile(join(gpuPacks, 'unpacking.lock'));
    await expect(client.call('gpu.remove', {})).rejects.toMatchObject({ code: 'gpu-pack-busy' });
    unlock?.();
    expect((await client.call('gpu.status', {})).pack?.fault).toBeNull();
    mkdirSync(join(gpuPacks, `${packIdOf(offer.manifest)}.partial-0123456789ab`));
    await client.call('gpu.remove', {});
    expect(readdirSync(gpuPacks)).toEqual([]);
    await client.call('gpu.remove', {});
  });

  test('that is damaged on the disk is found out, and repaired from a file', async () => {
    const folder = temporaryFolder();
    const { offer } = await writeArchive(folder);
    const { client } = await studioWith(offer);
    await client.call('gpu.installFile', { path: folder, acceptLicence: true });
    const { pack } = await until(client, (status) => status.pack !== null);
    writeFileSync(join(pack!.folder, 'libcudart.so.13'), Buffer.alloc(100_000, 'damage!'));
    expect((await client.call('gpu.status', {})).pack?.fault).toBeNull();
    expect(await client.call('gpu.verify', {})).toContain('libcudart.so.13 is another file');
    expect((await client.call('gpu.status', {})).pack?.fault).toContain('libcudart.so.13');
    await client.call('gpu.installFile', { path: folder });
    expect((await client.call('gpu.status', {})).pack?.fault).toBeNull();
    expect(await client.call('gpu.verify', {})).toBeNull();
  });

  test.each([
    ['an old driver', [{ ...card, driver: '550.1' }], 'gpu-driver-old'],
    ['an old card', [{ ...card, computeCapability: '6.1' }], 'gpu-not-served'],
  ])('is refused for %s before anything is downloaded', async (_, gpus, code) => {
    const { offer, bytes } = await writeArchive(temporaryFolder());
    const server = await served(bytes);
    const { client } = await studioWith(at(offer, server), gpus);
    expect((await until(client, ({ refusal }) => refusal !== null)).refusal?.code).toBe(code);
    await expect(client.call('gpu.install', { acceptLicence: true })).rejects.toMatchObject({ code });
    expect(server.asked).toEqual([]);
  });

  test.each([
    ['an old driver', { ...card, driver: '550.1' }, 'gpu-driver-old'],
    ['an old card', { ...card, computeCapability: '6.1' }, 'gpu-not-served'],
  ])('is refused for %s before anything is unpacked from a file', async (_, gpu, code) => {
    const folder = temporaryFolder();
    const { offer } = await writeArchive(folder);
    const { client, gpuPacks } = await studioWith(offer, [gpu]);
    const installed = client.call('gpu.installFile', { path: folder, acceptLicence: true });
    await expect(installed).rejects.toMatchObject({ code });
    expect(readdirSync(gpuPacks)).toEqual([]);
  });

  test('is looked for again, and drivers are tried anew', async () => {
    const { offer } = await writeArchive(temporaryFolder());
    const { client, forgotten } = await studioWith(offer);
    await client.call('gpu.status', {});
    expect(forgotten()).toBe(0);
    await client.call('gpu.look', {});
    expect(forgotten()).toBe(1);
  });

  test('is refused where the disk has no room for it', async () => {
    const { offer } = await writeArchive(temporaryFolder());
    const files = offer.manifest.files.map((file) => ({ ...file, bytes: 1e15 }));
    const { client } = await studioWith({ ...offer, manifest: { ...offer.manifest, files } });
    expect((await until(client, ({ refusal }) => refusal !== null)).refusal?.code).toBe('disk-full');
  });

  test('is spoken of to nobody without an NVIDIA GPU', async () => {
    const { offer } = await writeArchive(temporaryFolder());
    const { client } = await studioWith(offer, []);
    expect(await until(client, ({ gpus }) => gpus !== null)).toMatchObject({ gpus: [], refusal: null });
  });
});

test.skipIf(process.platform === 'win32')('how busy a GPU is, is asked of its driver each time', async () => {
  const folder = temporaryFolder();
  const tool = join(folder, 'nvidia-smi');
  const says = (free: number, busy: string) => {
    writeFileSync(
      tool,
      `#!/bin/sh\necho "Stand-in GPU, 580.1, 8.9, 24564, ${free}, ${busy}, 71, 00000000:01:00.0"\n`,
    );
    chmodSync(tool, 0o755);
  };
  const { client } = await studioWith((await writeArchive(folder)).offer, []);
  const before = process.env.PATH;
  process.env.PATH = `${folder}:${before ?? ''}`;
  try {
    says(9000, '97');
    const [first] = await client.call('gpu.load', {});
    expect(first).toMatchObject({ freeMib: 9000, utilization: 97, temperature: 71 });
    says(200, '[N/A]');
    const [second] = await client.call('gpu.load', {});
    expect(second).toMatchObject({ freeMib: 200, utilization: null });
  } finally {
    process.env.PATH = before;
  }
});
