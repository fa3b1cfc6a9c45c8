import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import {
  type BuildMachine,
  installDriver,
  mirrorOf,
  type RunProgram,
  whyNoDriver,
} from '../../scripts/software-vulkan.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

const debian12: BuildMachine = {
  isRoot: true,
  osRelease: 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n',
  hasApt: true,
};

describe('the software driver of Vulkan', () => {
  test('is for Debian 12 and its root alone', () => {
    expect(whyNoDriver(debian12)).toBeNull();
    expect(whyNoDriver({ ...debian12, isRoot: false })).toMatch(/only root/);
    const others = [null, 'VERSION_CODENAME=noble\nID=ubuntu\n', 'ID=alpine\n', 'VERSION_CODENAME=trixie\n'];
    for (const osRelease of others) expect(whyNoDriver({ ...debian12, osRelease })).toMatch(/not Debian 12/);
    expect(whyNoDriver({ ...debian12, hasApt: false })).toMatch(/not Debian 12/);
  });

  test('comes from where the machine has its packages', () => {
    const line = (address: string): string => `'${address}/InRelease' name_InRelease 0 \n`;
    const security = line('http://mirror.test/debian-security/dists/bookworm-security');
    expect(mirrorOf(security + line('http://mirror.test/debian/dists/bookworm'))).toBe(
      'http://mirror.test/debian',
    );
    expect(mirrorOf(security)).toBeNull();
  });

  interface Call {
    readonly args: readonly string[];
    readonly seconds: number | undefined;
  }

  /** What apt was told, by one that does `going` of its commands well, and whether the driver is there. */
  function installing(going: number, seen: (folder: string) => void = () => undefined) {
    const calls: Call[] = [];
    let folder = '';
    const run: RunProgram = (command, args, seconds) => {
      expect(command).toBe('apt-get');
      calls.push({ args, seconds });
      folder = dirname(optionsOf(args)['Dir::Etc::SourceList']!);
      seen(folder);
      return calls.length <= going;
    };
    const isInstalled = installDriver(run, 'http://mirror.test/debian');
    return { isInstalled, calls, folder };
  }

  const optionsOf = (args: readonly string[]): Record<string, string> =>
    Object.fromEntries(
      args.flatMap((arg, i) => (args[i - 1] === '-o' ? [arg.split('=') as [string, string]] : [])),
    );

  test('comes from the backports, by a source that only this knows and that is gone afterwards', () => {
    const { isInstalled, calls, folder } = installing(3, (own) => {
      expect(readdirSync(own).sort()).toEqual(['cache', 'lists', 'sources.list']);
      expect(readFileSync(`${own}/sources.list`, 'utf8')).toMatch(
        /http:\/\/mirror.test\/debian bookworm main\n.*\/debian bookworm-backports main\n$/,
      );
    });
    expect(isInstalled).toBe(true);
    expect(existsSync(folder)).toBe(false);
    for (const { args } of calls) {
      const options = optionsOf(args);
      expect(options['Dir::Etc::SourceParts']).toBe('-');
      for (const name of ['Dir::Etc::SourceList', 'Dir::State::Lists', 'Dir::Cache'])
        expect(options[name]?.startsWith(`${folder}/`), name).toBe(true);
    }
    expect(calls[2]!.args).toEqual(expect.arrayContaining(['--no-remove', 'mesa-vulkan-drivers']));
  });

  test('is broken off while it is fetched, and never while it is unpacked', () => {
    const { calls } = installing(3);
    const [update, fetch, unpack] = calls;
    expect(update!.args.at(-1)).toBe('update');
    expect(fetch!.args).toContain('--download-only');
    expect(unpack!.args).toContain('--no-download');
    expect(calls.map(({ seconds }) => seconds)).toEqual([30, 30, undefined]);
  });

  test.each([0, 1, 2])(
    'leaves nothing behind where apt fails after %i commands, and tries no further',
    (going) => {
      const { isInstalled, calls, folder } = installing(going);
      expect(isInstalled).toBe(false);
      expect(calls).toHaveLength(going + 1);
      expect(existsSync(folder)).toBe(false);
    },
  );
});

// The stand-in for apt is a script of the shell's; it installs nothing.
test.skipIf(process.platform === 'win32').each([
  ['apt fails', 'exit 100', {}],
  ['apt is killed', 'kill -9 $$', {}],
  ['there is no room for a folder', '', { TMPDIR: '/nowhere' }],
])('where %s, it says that tests are skipped and ends well', (_, words, environment) => {
  const folder = temporaryFolder();
  const uris = 'echo "\'http://mirror.test/debian/dists/bookworm/InRelease\' name 0"';
  const script = `#!/bin/sh\ncase "$*" in *--print-uris*) ${uris}; exit 0;; esac\n${words}\n`;
  writeFileSync(join(folder, 'apt-get'), script, { mode: 0o755 });
  const lacking = { webgpu: { works: false, detail: 'there is none', software: false } };
  const env = {
    ...process.env,
    PATH: `${folder}:${process.env.PATH ?? ''}`,
    SCREENFOLD_PROBES: JSON.stringify(lacking),
    ...environment,
  };
  const file = fileURLToPath(new URL('../../scripts/install-software-vulkan.ts', import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [file], { env, encoding: 'utf8' });
  expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^WebGPU's tests are skipped: /);
  expect(status).toBe(0);
});

test('a build server asks for it before the tests, and goes on without it', () => {
  const lines = readFileSync(new URL('../../.ci/run', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  expect(lines.slice(-2)).toEqual(['npm run --silent software-vulkan || true', 'npm test']);
});

test('tests alone install no driver', () => {
  const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const asking = Object.keys(scripts).filter((name) => scripts[name]!.includes('software-vulkan'));
  expect(asking).toEqual(['software-vulkan']);
});
