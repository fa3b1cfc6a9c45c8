import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { besidePackages } from '../../scripts/notices/beside-packages.ts';
import { standardLicense } from '../../scripts/notices/license-text.ts';
import {
  type LockedPackages,
  pagePackages,
  shippedPackages,
} from '../../scripts/notices/shipped-packages.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const { packages } = JSON.parse(read('package-lock.json')) as { readonly packages: LockedPackages };
const shipped = shippedPackages(packages, pagePackages(root));
const notices = read('THIRD-PARTY-NOTICES.md');

describe('the notices', () => {
  // Mended by `npm run notices`.
  test('name every package that is shipped, as package-lock.json has it, and no other', () => {
    const named = [...notices.matchAll(/^\| `(.+)` \| (.+) \| (.+) \|$/gm)].map((row) => row.slice(1));
    expect(named.length).toBeGreaterThan(100);
    expect(named).toEqual(shipped.map(({ name, version, license }) => [name, version, license]));
  });

  test('have a licence’s text for each of them', () => {
    const licensed = notices.slice(notices.indexOf('## The packages’ licences'));
    const named = new Set(
      [...licensed.matchAll(/^`[^`].*`$/gm)].flatMap(([line]) => line.slice(1, -1).split('`, `')),
    );
    expect([...named].sort()).toEqual([...new Set(shipped.map(({ name }) => name))].sort());
  });

  test('tell of what else comes along, ONNX Runtime’s own notices being those of its version', () => {
    const beside = besidePackages(root, packages['node_modules/onnxruntime-node']?.version ?? '');
    for (const { title, about } of beside) expect(notices).toContain(`\n## ${title}\n\n${about}\n`);
    expect(() => besidePackages(root, '0.0.1')).toThrow('resources/notices/onnxruntime-0.0.1.txt is missing');
  });
});

describe('what is shipped', () => {
  const example: LockedPackages = {
    '': { dependencies: { engine: '1' } },
    'node_modules/engine': {
      version: '1.0.0',
      license: 'MIT',
      dependencies: { shared: '1', '@types/engine': '1' },
      optionalDependencies: { 'engine-win32': '1', 'engine-openbsd': '1' },
    },
    'node_modules/engine/node_modules/shared': { version: '1.5.0', license: 'ISC' },
    'node_modules/shared': { version: '2.0.0', license: 'ISC' },
    'node_modules/@types/engine': { version: '1.0.0', license: 'MIT' },
    'node_modules/engine-win32': {
      version: '1.0.0',
      license: 'MIT',
      optional: true,
      os: ['win32'],
      optionalDependencies: { 'engine-library-win32': '1' },
    },
    'node_modules/engine-library-win32': {
      version: '3.0.0',
      license: 'LGPL-3.0-or-later',
      optional: true,
      os: ['win32'],
    },
    'node_modules/engine-openbsd': { version: '1.0.0', license: 'MIT', optional: true, os: ['openbsd'] },
    'node_modules/page': { version: '4.0.0', license: 'MIT', peerDependencies: { shared: '2' } },
    'node_modules/tool': { version: '5.0.0', license: 'MIT' },
  };

  test('is what dependencies need, the version each of them finds, and other platforms’ native code', () => {
    expect(shippedPackages(example, []).map(({ folder, nativeOf }) => [folder, nativeOf])).toEqual([
      ['node_modules/engine', null],
      ['node_modules/engine-library-win32', 'node_modules/engine'],
      ['node_modules/engine-win32', 'node_modules/engine'],
      ['node_modules/engine/node_modules/shared', null],
    ]);
  });

  test('is besides what the page has bundled into it', () => {
    const added = shippedPackages(example, ['page']).map(({ folder }) => folder);
    expect(added).toContain('node_modules/page');
    expect(added).toContain('node_modules/shared');
    expect(added).not.toContain('node_modules/tool');
    expect(pagePackages(root)).toEqual(expect.arrayContaining(['@mantine/core', 'react-dom', 'uplot']));
  });

  test('is under a licence that says whose it is', () => {
    expect(standardLicense('MIT', '2021 Somebody')).toContain('Copyright (c) 2021 Somebody\n');
    expect(() => standardLicense('SEE LICENSE', 'Somebody')).toThrow('SPDX knows no licence');
  });
});
