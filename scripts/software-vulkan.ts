/**
 * Vulkan without a graphics card: Mesa's llvmpipe, which computes on the processor, so that WebGPU's tests run on a build
 * server. Debian 12's own Mesa is too old for them; its backports have one that is not.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface BuildMachine {
  readonly isRoot: boolean;
  /** `/etc/os-release`; null where there is none. */
  readonly osRelease: string | null;
  readonly hasApt: boolean;
}

/** Runs a program, `seconds` long at most where they are given, and says whether it went well. */
export type RunProgram = (command: string, args: readonly string[], seconds?: number) => boolean;

const suite = 'bookworm';
const backports = `${suite}-backports`;
const driver = 'mesa-vulkan-drivers';

/** Why the driver cannot be installed on a machine; null where it can. */
export function whyNoDriver({ isRoot, osRelease, hasApt }: BuildMachine): string | null {
  if (!hasApt || !new RegExp(`^VERSION_CODENAME="?${suite}"?$`, 'm').test(osRelease ?? ''))
    return 'this is not Debian 12, whose backports have the driver';
  return isRoot ? null : 'only root may install the driver';
}

/**
 * Installs the driver from a mirror of Debian's; false where that did not go well. Lists and packages are fetched by way of a folder that is gone
 * afterwards, and the machine's own sources stay as they are, unread. What waits for the network may be broken off;
 * unpacking is not, for that would leave nothing else to be installed.
 */
export function installDriver(run: RunProgram, mirror: string): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'software-vulkan-'));
  try {
    // apt fetches as a user of its own.
    chmodSync(folder, 0o755);
    for (const name of ['lists/partial', 'cache/archives/partial'])
      mkdirSync(join(folder, name), { recursive: true });
    const sources = join(folder, 'sources.list');
    writeFileSync(sources, [suite, backports].map((name) => `${sourceOf(mirror, name)}\n`).join(''));
    const apart = [
      `Dir::Etc::SourceList=${sources}`,
      'Dir::Etc::SourceParts=-',
      `Dir::State::Lists=${join(folder, 'lists')}`,
      `Dir::Cache=${join(folder, 'cache')}`,
      'Acquire::Languages=none',
      'Acquire::http::Timeout=10',
      // Else apt is content with lists that it could not fetch.
      'APT::Update::Error-Mode=any',
    ].flatMap((option) => ['-o', option]);
    const install = ['install', '-y', '--no-remove', '--no-install-recommends', '-t', backports, driver];
    return (
      run('apt-get', [...apart, 'update'], 30) &&
      run('apt-get', [...apart, ...install, '--download-only'], 30) &&
      run('apt-get', [...apart, ...install, '--no-download'])
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const sourceOf = (mirror: string, name: string): string =>
  `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror} ${name} main`;

/** Asks apt what it would fetch, lists there are or not, for `mirrorOf`. */
export const whatWouldBeFetched = ['update', '--print-uris'];

/** The address of Debian 12's mirror that the machine has; null where it has none. */
export function mirrorOf(fetched: string): string | null {
  return new RegExp(`^'(\\S+)/dists/${suite}/InRelease'`, 'm').exec(fetched)?.[1] ?? null;
}
