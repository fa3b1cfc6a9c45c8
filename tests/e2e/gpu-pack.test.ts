import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { startEngine } from '../../electron/engine/engine-process.ts';
import { resourcesOf } from '../../electron/studio/domains.ts';
import { packIdOf } from '../../native/runtime/gpu-pack.ts';
import { type FileServer, give, serveUntilClosed } from '../downloads/file-server.ts';
import { writeArchive } from '../gpu/stand-in-pack.ts';
import { describeInBrowser, inDesktop, type OpenStudio, openStudio } from './studio.ts';
import { patience } from './toys.ts';

// A stand-in for the driver's tool is a shell script, and the window's studio looks elsewhere for its pack.
if (inDesktop || process.platform === 'win32') test.skip('a GPU pack is installed', () => undefined);
else
  describeInBrowser('with an NVIDIA GPU', () => {
    let open: OpenStudio;
    let server: FileServer;
    let folder = '';
    let isHeld = true;
    const parent = mkdtempSync(join(tmpdir(), 'screenfold-gpu-'));
    const gpuPacks = join(parent, 'packs');
    beforeAll(async () => {
      const tool = join(parent, 'nvidia-smi');
      writeFileSync(
        tool,
        '#!/bin/sh\necho "Stand-in GPU, 580.1, 8.9, 24564, 23000, 0, 41, 00000000:01:00.0"\n',
      );
      chmodSync(tool, 0o755);
      const { bytes, offer } = await writeArchive(parent);
      server = await serveUntilClosed((request, response) => {
        give(bytes, request, response, isHeld ? { stallAfter: Math.floor(bytes.length / 2) } : {});
      });
      folder = join(gpuPacks, packIdOf(offer.manifest));
      const gpuPack = join(parent, 'gpu-pack.json');
      writeFileSync(gpuPack, JSON.stringify({ ...offer, address: `${server.origin}/pack.zip` }));
      const PATH = `${parent}:${process.env.PATH ?? ''}`;
      const resources = resourcesOf(fileURLToPath(new URL('../../resources', import.meta.url)));
      open = await openStudio({
        engine: startEngine({ environment: { ...process.env, PATH, SCREENFOLD_GPU_PACKS: gpuPacks } }),
        offers: { gpuPacks, resources: { ...resources, gpuPack } },
      });
    }, 120_000);
    afterAll(async () => {
      await open.close();
      await server.close();
      rmSync(parent, { recursive: true, force: true });
    });

    const card = () => open.page.getByRole('group', { name: 'GPU pack' }).first();

    test('a pack is offered calmly, and installed by a click, through a pause', async () => {
      await open.page.getByRole('link', { name: 'Settings' }).click();
      await card().getByText('Stand-in GPU').waitFor({ timeout: patience });
      await card().getByRole('button', { name: 'Install', exact: true }).click();
      const dialog = open.page.getByRole('dialog', { name: 'The licence of the GPU pack' });
      await dialog.getByRole('button', { name: 'Accept and download' }).click();
      await card().getByRole('button', { name: 'Pause' }).click();
      await card()
        .getByText(/^Paused, /)
        .waitFor();
      isHeld = false;
      await card().getByRole('button', { name: 'Resume' }).click();
      await card()
        .getByText(/^The GPU pack is installed: CUDA 13/)
        .waitFor({ timeout: patience });
      expect(readdirSync(folder).length).toBe(3);
    });

    test('one that does not start leaves CUDA out, with the reason', async () => {
      // What is in this pack is no library.
      await open.page
        .getByText('It was tried and does not work: The GPU pack is broken')
        .waitFor({ timeout: patience });
    });

    test('one that was damaged is found out, and repaired', async () => {
      writeFileSync(join(folder, 'libcore.so.1'), Buffer.alloc(200_000, 'evil'));
      await card().getByRole('button', { name: 'Check it' }).click();
      await card()
        .getByText(/^The GPU pack is broken: libcore\.so\.1 /)
        .waitFor();
      await card().getByRole('button', { name: 'Repair', exact: true }).click();
      await card()
        .getByText(/^The GPU pack is installed/)
        .waitFor({ timeout: patience });
      await card().getByRole('button', { name: 'Check it' }).click();
      await card()
        .getByText(/All of its files are in order/)
        .waitFor();
    });

    test('one that is not wanted any more is removed', async () => {
      await card().getByRole('button', { name: 'Remove' }).click();
      await open.page.getByRole('dialog').getByRole('button', { name: 'Remove GPU pack' }).click();
      await card().getByRole('button', { name: 'Install', exact: true }).waitFor();
      expect(readdirSync(gpuPacks)).toEqual([]);
    });

    test('the page is free of errors', () => {
      expect(open.complaints).toEqual([]);
    });
  });
