import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import ts from 'typescript';

/** What package-lock.json says of one package. */
export interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** By folder: `node_modules/a/node_modules/b`; the project itself is ''. */
export type LockedPackages = Readonly<Record<string, LockedPackage>>;

export interface ShippedPackage {
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly license: string;
  /** The package that brings it as its native code for one platform, which need not be the one this runs on. */
  readonly nativeOf: string | null;
}

/** What the packed program runs on; npm lists packages for more. */
const platforms: readonly string[] = ['linux', 'darwin', 'win32'];
const processors: readonly string[] = ['x64', 'arm64'];

function isForShippedPlatform({ os = platforms, cpu = processors }: LockedPackage): boolean {
  return os.some((name) => platforms.includes(name)) && cpu.some((name) => processors.includes(name));
}

const nameOf = (folder: string): string =>
  folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** Packages that the page's sources import; Vite bundles these and what they need. */
export function pagePackages(root: string): readonly string[] {
  const sources = readdirSync(join(root, 'renderer'), { recursive: true }).filter((name) =>
    /\.tsx?$/.test(String(name)),
  );
  const imported = sources.flatMap((name) =>
    ts
      .preProcessFile(readFileSync(join(root, 'renderer', String(name)), 'utf8'), true, true)
      .importedFiles.map(({ fileName }) => fileName),
  );
  const packages = imported
    .filter((name) => !name.startsWith('.') && !name.startsWith('/'))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
  return [...new Set(packages)].sort();
}

/** Where Node finds `name` when a package in `folder` asks for it, or null where it is not installed. */
function resolve(packages: LockedPackages, folder: string, name: string): string | null {
  for (let at = folder; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const found = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (packages[found] !== undefined) return found;
    if (at === '') return null;
  }
}

/**
 * What comes with the program, by name: the project's dependencies, the packages bundled into the page, and all that
 * these need. Types alone (`@types/`) are not shipped.
 */
export function shippedPackages(
  packages: LockedPackages,
  bundled: readonly string[],
): readonly ShippedPackage[] {
  const shipped = new Map<string, ShippedPackage>();
  const take = (from: string, name: string): void => {
    const folder = resolve(packages, from, name);
    const locked = folder === null ? undefined : packages[folder];
    if (folder === null || locked === undefined || shipped.has(folder)) return;
    if (name.startsWith('@types/') || !isForShippedPlatform(locked)) return;
    const { version = '', license = '' } = locked;
    const isNative = locked.optional === true && locked.os !== undefined;
    const nativeOf = isNative ? (shipped.get(from)?.nativeOf ?? from) : null;
    shipped.set(folder, { folder, name: nameOf(folder), version, license, nativeOf });
    const needed = { ...locked.dependencies, ...locked.optionalDependencies, ...locked.peerDependencies };
    for (const one of Object.keys(needed)) take(folder, one);
  };
  for (const name of [...Object.keys(packages['']?.dependencies ?? {}), ...bundled]) take('', name);
  return [...shipped.values()].sort((a, b) => (a.folder < b.folder ? -1 : 1));
}
