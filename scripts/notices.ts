/** Writes THIRD-PARTY-NOTICES.md: what comes with Screenfold, whose it is, and under which terms. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { besidePackages } from './notices/beside-packages.ts';
import { licenseTexts } from './notices/license-text.ts';
import { type LockedPackages, pagePackages, shippedPackages } from './notices/shipped-packages.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  readonly packages: LockedPackages;
};

/** A text as it stands, whatever marks of Markdown are in it. */
const verbatim = (text: string): string => {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  return [
    '````text',
    lines
      .map((line) => line.trimEnd())
      .join('\n')
      .trim(),
    '````',
  ].join('\n');
};

const shipped = shippedPackages(packages, pagePackages(root));
const underText = Map.groupBy(
  shipped.flatMap((one) => {
    const parent = one.nativeOf === null ? null : (packages[one.nativeOf]?.license ?? null);
    return licenseTexts(root, one, parent).map((text) => ({ name: one.name, text: verbatim(text) }));
  }),
  ({ text }) => text,
);
const runtime = packages['node_modules/onnxruntime-node']?.version ?? '';

const parts = [
  '# Third-party notices',
  'What comes with Screenfold, besides what is its own and under [LICENSE](LICENSE). Made by `npm run notices` of what ' +
    'package-lock.json names.',
  '## Packages',
  [
    '| Package | Version | Licence |',
    '| --- | --- | --- |',
    ...shipped.map(({ name, version, license }) => `| \`${name}\` | ${version} | ${license} |`),
  ].join('\n'),
  ...besidePackages(root, runtime).flatMap(({ title, about, text }) => [
    `## ${title}`,
    about,
    verbatim(text),
  ]),
  '## The packages’ licences',
  ...[...underText].flatMap(([text, of]) => [
    [...new Set(of.map(({ name }) => `\`${name}\``))].join(', '),
    text,
  ]),
];
writeFileSync(join(root, 'THIRD-PARTY-NOTICES.md'), `${parts.join('\n\n')}\n`);
console.log(`THIRD-PARTY-NOTICES.md: ${shipped.length} packages under ${underText.size} texts.`);
