import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import { unpacked } from '../../native/runtime/c-api/library.ts';
import { probeInChild } from '../../native/runtime/probe-in-child.ts';
import { chooseRuntime, detectProviders } from '../../native/runtime/providers.ts';
import { providerLabels } from '../../native/runtime/runtime.ts';

describe('providers', () => {
  test('are told in order of preference, each with a reason', async () => {
    const found = await detectProviders();
    const order = ['cuda', 'directml', 'webgpu', 'cpu'];
    const isSoftware = ({ reason }: { readonly reason: string }) => reason.includes('software driver');
    expect(found.filter((one) => !isSoftware(one)).map(({ provider }) => provider)).toEqual(
      order.filter((name) => !found.some((one) => one.provider === name && isSoftware(one))),
    );
    for (const { reason } of found) expect(reason).toMatch(/\w{3}/);
    expect(found.find(({ provider }) => provider === 'cpu')?.available).toBe(true);
    // What computes on the processor in a GPU's name is slower than the processor itself.
    for (const one of found.filter(isSoftware))
      expect(found.indexOf(one)).toBeGreaterThan(found.findIndex(({ provider }) => provider === 'cpu'));
  });

  test('the first that serves is the one that is chosen unasked', async () => {
    const found = await detectProviders();
    const runtime = await chooseRuntime({});
    expect(found.find(({ available }) => available)?.provider).toBe(runtime.provider);
    await runtime.dispose();
  });

  test('DirectML is told to be for Windows elsewhere', async () => {
    const directml = (await detectProviders()).find(({ provider }) => provider === 'directml');
    if (process.platform === 'win32') expect(directml?.reason).not.toMatch(/part of Windows/);
    else expect(directml).toMatchObject({ available: false, reason: 'DirectML is a part of Windows.' });
  });
});

describe('choosing a runtime', () => {
  test('takes the C API on the CPU when that is asked for', async () => {
    const runtime = await chooseRuntime({ provider: 'cpu', threads: 2 });
    expect(runtime).toMatchObject({ provider: 'cpu', api: 'c-api', notes: [] });
    expect(runtime.description).toMatch(/, CPU, 2 threads, C API$/);
    await runtime.dispose();
  });

  test('takes onnxruntime-node when that is asked for', async () => {
    const runtime = await chooseRuntime({ provider: 'cpu', api: 'node', threads: 1 });
    expect(runtime).toMatchObject({ provider: 'cpu', api: 'node' });
    expect(runtime.description).toMatch(/, CPU, 1 thread, onnxruntime-node$/);
    await runtime.dispose();
  });

  test('unasked, takes the first that is no processor in disguise, and notes why not those before', async () => {
    const runtime = await chooseRuntime({});
    const found = await detectProviders();
    const best = found.find(({ available, reason }) => available && !reason.includes('software driver'));
    expect(runtime.provider).toBe(best?.provider);
    const passedOver = found
      .slice(
        0,
        found.findIndex(({ provider }) => provider === runtime.provider),
      )
      // What nobody would look for here is no news.
      .filter(({ reason }) => !/a part of Windows|software driver/.test(reason));
    expect(runtime.notes).toEqual(
      passedOver.map(({ provider, reason }) => `${providerLabels[provider]} is not used: ${reason}`),
    );
    await runtime.dispose();
  });

  test('says why a provider that was asked for can not be had', async () => {
    const missing = (await detectProviders()).find(({ available }) => !available);
    if (!missing) return;
    await expect(chooseRuntime({ provider: missing.provider })).rejects.toMatchObject({
      code: 'provider-unavailable',
      message: expect.stringContaining(missing.reason) as string,
    });
  });
});

describe('trying a provider in a process of its own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'probe-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const script = (source: string): string => {
    const path = join(folder, `${Math.random()}.mjs`);
    writeFileSync(path, source);
    return path;
  };

  test('finds what works', async () => {
    expect(await probeInChild('cpu')).toMatchObject({ works: true });
  });

  test('outlives a driver that aborts', async () => {
    const { works, detail } = await probeInChild('webgpu', script('process.abort()'));
    expect(works).toBe(false);
    expect(detail).toMatch(/ended the process/);
  });

  test('outlives a driver that ends the process without a word', async () => {
    const { works } = await probeInChild('webgpu', script('process.exit(0)'));
    expect(works).toBe(false);
  });

  test("takes the finding from below a driver's chatter", async () => {
    const finding = { works: true, detail: 'Card', software: false };
    const chatty = script(`console.log('driver: hello'); console.log('${JSON.stringify(finding)}')`);
    expect(await probeInChild('webgpu', chatty)).toEqual(finding);
  });

  test("takes it from above a driver's last words, and believes no other object", async () => {
    const finding = { works: true, detail: 'Card', software: false };
    const words = ['driver: goodbye', '{"works":"yes"}', '{half'].map((line) => `console.log('${line}');`);
    const chatty = script(`console.log('${JSON.stringify(finding)}'); ${words.join(' ')}`);
    expect(await probeInChild('webgpu', chatty)).toEqual(finding);
    const mute = script(words.join(' '));
    expect(await probeInChild('webgpu', mute)).toMatchObject({ works: false });
  });
});

test('libraries of a packed application are taken from beside its archive', () => {
  expect(unpacked('/opt/app/resources/app.asar/node_modules/x')).toBe(
    '/opt/app/resources/app.asar.unpacked/node_modules/x',
  );
  expect(unpacked('C:\\App\\resources\\app.asar\\node_modules\\x')).toBe(
    'C:\\App\\resources\\app.asar.unpacked\\node_modules\\x',
  );
  expect(unpacked('/somewhere/node_modules/x')).toBe('/somewhere/node_modules/x');
});
