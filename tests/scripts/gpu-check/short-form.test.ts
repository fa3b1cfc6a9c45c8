import { execFile, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, test } from 'vitest';

import { detectProviders } from '../../../native/runtime/providers.ts';
import { temporaryFolder } from '../../images/pictures.ts';

const run = promisify(execFile);
const script = fileURLToPath(new URL('../../../scripts/gpu-check.ts', import.meta.url));
const folder = temporaryFolder();

interface Result {
  readonly name: string;
  readonly provider: string;
  readonly ok: boolean | null;
  readonly skipped?: string;
}

const lines = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);

describe('the check of a GPU, in short on the processor', () => {
  test('goes all of its way, tells each result as it comes and all of them at the end', async () => {
    const out = join(folder.path, 'found.json');
    const { stdout } = await run(process.execPath, [
      script,
      '--json',
      '--short',
      '--provider',
      'cpu',
      '--out',
      out,
    ]);
    const told = lines(stdout);
    const { checks } = told.at(-1) as { readonly checks: readonly Result[] };
    expect(told.slice(1, -1)).toEqual(checks);
    expect(JSON.parse(await readFile(out, 'utf8'))).toEqual(told.at(-1));

    expect(checks.filter(({ ok }) => ok === false)).toEqual([]);
    const made = checks.filter(({ ok }) => ok === true);
    expect(made.map(({ name }) => name)).toEqual([
      'operators',
      'kernels',
      'kernels-float16',
      'models-float16',
      'optimizers',
      'losses-full',
      'losses-lora',
      'losses-full-float16',
      'losses-lora-float16',
      'pictures',
      'placement',
      'resume',
      'lora-1',
      'lora-4',
      'full-1',
      'sampling',
      'decode',
      'lora-1-waiting',
      'lora-1-float16',
      'full-1-float16',
      'sampling-float16',
      'decode-float16',
      'lora-1-recomputed',
      'full-1-recomputed',
    ]);
    for (const { ok, skipped } of checks) if (ok === null) expect(skipped).toMatch(/only CUDA/);

    const figures = new Map(
      made.map((result) => [result.name, result as unknown as Record<string, unknown>]),
    );
    expect(figures.get('kernels')).toMatchObject({ failed: [], fellToCpu: [] });
    expect(figures.get('losses-full')).toMatchObject({ repeats: true, differences: { losses: 0, norms: 0 } });
    expect(figures.get('placement')).toMatchObject({ crossingsOfAStep: { writes: 7, reads: 1 } });
    for (const name of ['lora-1', 'lora-4', 'full-1'])
      expect(figures.get(name)?.secondsPerStep, name).toBeGreaterThan(0);
    expect(figures.get('sampling')?.stepsPerSecond).toBeGreaterThan(0);
    expect(figures.get('decode')?.secondsPerPicture).toBeGreaterThan(0);
  }, 240_000);

  test('goes as far on WebGPU as a driver that computes on the processor is done with soon', async (context) => {
    const webgpu = (await detectProviders()).find(({ provider }) => provider === 'webgpu');
    if (!webgpu?.available) return context.skip(webgpu?.reason ?? 'there is no WebGPU');
    // Left out for the minutes that such a driver compiles them: whole models in float16, every graph there is, resuming, other losses than
    // those that go by the most ways, and steps that are only timed.
    const names = [
      ...['operators', 'kernels', 'kernels-float16', 'optimizers'],
      ...['losses-lora-float16', 'pictures', 'decode'],
    ];
    const args = [script, '--json', '--short', '--provider', 'webgpu', '--only', names.join(',')];
    const { stdout } = await run(process.execPath, args);
    const { checks } = lines(stdout).at(-1) as { readonly checks: readonly Result[] };
    expect(checks.map(({ name, provider, ok }) => [name, provider, ok])).toEqual(
      names.map((name) => [name, 'webgpu', true]),
    );
  }, 600_000);

  // The stand-in for the driver's tool is a script of the shell's.
  test.skipIf(process.platform === 'win32')('says so where there is an NVIDIA GPU without CUDA', async () => {
    const tool = join(folder.path, 'nvidia-smi');
    await writeFile(
      tool,
      '#!/bin/sh\necho "NVIDIA Desk, 580.1, 9.0, 81559, 81001, 3, 31, 00000000:04:00.0"\n',
      {
        mode: 0o755,
      },
    );
    const env = { ...process.env, PATH: `${folder.path}:${process.env.PATH ?? ''}` };
    const ended = run(process.execPath, [script, '--json', '--only', 'lora-1-graphs'], { env });
    const { code, stdout } = await ended.then(
      ({ stdout: text }) => ({ code: 0, stdout: text }),
      (error: unknown) => error as { readonly code: number; readonly stdout: string },
    );
    const { machine, checks } = lines(stdout).at(-1) as {
      readonly machine: { readonly gpus: readonly unknown[] };
      readonly checks: readonly Result[];
    };
    expect(code).toBe(1);
    expect(machine.gpus).toEqual([expect.objectContaining({ name: 'NVIDIA Desk', driver: '580.1' })]);
    expect(checks[0]).toMatchObject({
      name: 'provider',
      ok: false,
      error: expect.stringContaining("NVIDIA Desk was found, but ONNX Runtime's CUDA libraries") as string,
    });
  });

  test('makes only what is asked for, and tells what it does not know', async () => {
    const args = [script, '--short', '--provider', 'cpu', '--only'];
    const { stdout } = await run(process.execPath, [...args, 'operators,lora-1-graphs']);
    expect(stdout).toMatch(/✓ cpu operators +[\d.]+ s/);
    expect(stdout).toMatch(/– cpu lora-1-graphs +[\d.]+ s +only CUDA has this choice/);
    expect(stdout).toMatch(/\nNothing is wrong\.\n$/);
  });

  test.each([
    [['--fast'], /^Unknown option '--fast'\n\nnpm run gpu:check -- \[flags\]\n/],
    [['--out', join(script, 'found.json')], /^Could not write .*ENOTDIR/],
  ])('says in words what is wrong with %j, and checks nothing', async (flags, words) => {
    const ended = run(process.execPath, [script, '--json', '--provider', 'cpu', ...flags]);
    await expect(ended).rejects.toMatchObject({
      code: 64,
      stderr: expect.stringMatching(words) as string,
      stdout: expect.not.stringContaining('"name"') as string,
    });
  });

  test('tells its flags', async () => {
    const { stdout } = await run(process.execPath, [script, '--help']);
    expect(stdout).toMatch(/^npm run gpu:check -- \[flags\]\n/);
    for (const flag of ['json', 'provider', 'only', 'short', 'seconds', 'out'])
      expect(stdout).toContain(`--${flag} `);
  });

  test('takes no driver that computes on the processor for a GPU', async () => {
    const probes = { webgpu: { works: true, detail: 'llvmpipe', software: true } };
    const env = { ...process.env, PATH: '', SCREENFOLD_PROBES: JSON.stringify(probes) };
    const ended = run(process.execPath, [script, '--short', '--only', 'operators'], { env });
    await expect(ended).rejects.toMatchObject({
      code: 2,
      stdout: expect.stringMatching(/There is no GPU here that Screenfold can compute on; .*\n$/) as string,
    });
  });

  interface Ended {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
  }
  const endOf = (...args: readonly string[]): Promise<Ended> =>
    run(process.execPath, [script, '--short', ...args]).then(
      (output) => ({ code: 0, ...output }),
      (error: unknown) => error as Ended,
    );

  test.each([
    [['--provider', 'abacus'], '--provider is one of cuda, directml, webgpu, cpu, not abacus.'],
    [['--only', 'speed'], 'There is no check speed; there are operators, '],
    [['--only', ''], 'There is no check ; there are operators, '],
    [['--seconds', 'soon'], '--seconds is a number above 0, not soon.'],
    [['--seconds=-1'], '--seconds is a number above 0, not -1.'],
  ])('refuses %j in one line, and ends as JSON where that is asked for', async (args, why) => {
    const text = await endOf(...args);
    expect(text).toMatchObject({ code: 64, stdout: '' });
    expect(text.stderr.trimEnd().split('\n')).toEqual([expect.stringContaining(why)]);
    const { code, stdout } = await endOf('--json', ...args);
    expect(code).toBe(64);
    expect(lines(stdout).at(-1)).toEqual({ error: expect.stringContaining(why) as string, checks: [] });
  });

  test('finds out before the first check that it cannot keep what it finds', async () => {
    const { code, stdout, stderr } = await endOf('--json', '--provider', 'cpu', '--out', folder.path);
    expect(code).toBe(64);
    expect(stderr).toContain(folder.path);
    expect(stderr).not.toContain('    at ');
    expect(lines(stdout).at(-1)).toMatchObject({ error: expect.stringContaining('EISDIR') as string });
  });

  test('whose time is up says what was not looked at', async () => {
    const { code, stdout } = await endOf('--provider', 'cpu', '--only', 'operators', '--seconds', '1');
    expect(code).toBe(0);
    expect(stdout).toMatch(/\nNothing was checked\.\nNo time was left for cpu operators; .*\n$/);
  });

  test.skipIf(process.platform !== 'linux')(
    'that is killed leaves no check under way',
    async () => {
      const args = [script, '--json', '--provider', 'cpu', '--only', 'lora-1'];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
      const children = async (): Promise<readonly number[]> => {
        const text = await readFile(`/proc/${child.pid!}/task/${child.pid!}/children`, 'utf8');
        return text.trim().split(' ').filter(Boolean).map(Number);
      };
      const isCheck = async (pid: number): Promise<boolean> =>
        (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes('run-check.ts');
      let check: number | undefined;
      while (check === undefined) {
        for (const pid of await children()) if (await isCheck(pid)) check = pid;
        await passed(50);
      }
      child.kill('SIGKILL');
      while (await isCheck(check)) await passed(50);
    },
    60_000,
  );
});
