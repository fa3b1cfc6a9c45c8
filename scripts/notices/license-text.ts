import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import licenses from 'spdx-license-list/full.js';

import type { ShippedPackage } from './shipped-packages.ts';

/** A licence as SPDX words it, with who it is from. */
export function standardLicense(id: string, holder: string): string {
  const found = licenses[id];
  if (found === undefined) throw new Error(`SPDX knows no licence called ${id}.`);
  return found.licenseText.replace(/<year> <(copyright holders|owner)>/, holder);
}

function ownFiles(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^(licen[cs]e|copying|notice)/i.test(entry.name))
    .map(({ name }) => readFileSync(join(folder, name), 'utf8'))
    .sort();
}

/** Whose a package is that has no file saying so, where its author's name is not the answer. */
const holders: Readonly<Record<string, string>> = {
  '@bufbuild/protobuf': '2008 Google Inc',
  'onnxruntime-common': 'Microsoft Corporation',
  'onnxruntime-node': 'Microsoft Corporation',
};

function holderOf(folder: string, name: string): string {
  const { author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly author?: string | { readonly name: string };
  };
  if (holders[name] !== undefined) return holders[name];
  const said = typeof author === 'string' ? author : author?.name;
  return said?.replace(/ *[<(].*/, '') ?? `the authors of ${name}`;
}

/** An SPDX expression's licences, none twice. */
const identifiers = (expression: string): readonly string[] => [
  ...new Set(expression.split(/[() ]|\b(?:AND|OR)\b/).filter((part) => part !== '')),
];

/**
 * The texts a package is under: its own files, else its licences' wording by SPDX. Native code for a platform is not
 * installed on the others: it has the files of the package it belongs to, and the wording of what it is under besides.
 */
export function licenseTexts(
  root: string,
  { folder, name, license, nativeOf }: ShippedPackage,
  parentLicense: string | null,
): readonly string[] {
  const home = join(root, nativeOf ?? folder);
  const own = ownFiles(home);
  const covered = own.length === 0 ? [] : identifiers(nativeOf === null ? license : (parentLicense ?? ''));
  const worded = identifiers(license)
    .filter((id) => !covered.includes(id))
    .map((id) => standardLicense(id, holderOf(home, name)));
  const needsParent = nativeOf === null || identifiers(license).some((id) => covered.includes(id));
  return [...(needsParent ? own : []), ...worded];
}
