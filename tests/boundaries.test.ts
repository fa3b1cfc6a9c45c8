import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Import {
  /** Paths relative to the project, or a package's name. */
  readonly from: string;
  readonly to: string;
}

/** What every source file imports or re-exports, types and dynamic imports included. */
function importsOf(file: string, text: string): readonly Import[] {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => ({
    from: file,
    to: fileName.startsWith('.') ? posix.join(posix.dirname(file), fileName) : fileName,
  }));
}

function sources(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true })
    .map((name) => posix.join(folder, String(name).split(sep).join('/')))
    .filter((name) => /^[^.].*\.(ts|tsx|mjs)$/.test(posix.basename(name)));
}

/** A domain of electron/ and the domains it stands on; the order has no circles. */
const domains: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  library: ['contract'],
  datasets: ['contract', 'library'],
  engine: [],
  connection: ['contract'],
  runs: ['contract', 'library', 'datasets', 'engine'],
  gallery: ['contract', 'library', 'runs', 'engine', 'sheets'],
  sheets: ['contract'],
  exports: ['contract', 'library', 'runs', 'gallery', 'engine', 'sheets'],
  models: ['contract', 'library', 'runs', 'exports', 'engine'],
  studio: ['contract', 'connection', 'library', 'datasets', 'engine', 'runs', 'gallery', 'exports', 'models'],
  hosts: ['contract', 'connection', 'studio'],
  cli: ['contract', 'library', 'engine', 'runs', 'gallery', 'sheets', 'exports', 'studio', 'hosts'],
  shell: ['contract', 'connection', 'library', 'engine', 'studio', 'hosts'],
};

/** Whose files import each other in no circle. */
const withoutCircles: readonly string[] = ['electron'];

/** Of the engine: its messages, its failures, and files and pictures read and written. */
const engineForElectron =
  /^native\/(failure|jobs|runtime\/runtime|engine\/messages|files\/[\w-]+)\.ts$|^native\/images\//;

/** Why an import may not be, or null where it may. */
function breach({ from, to }: Import): string | null {
  const [room = '', folder = ''] = from.split('/');
  const [toRoom = '', toFolder = ''] = to.split('/');
  const own = ['native', 'electron', 'renderer', 'scripts', 'tests'].includes(toRoom);
  const onlyShell = room === 'electron' && ['shell', 'main.ts', 'preload.ts'].includes(folder);
  if (to === 'electron') return onlyShell ? null : 'only the shell imports electron';
  if (!own) return null;
  if (toRoom === 'scripts' || toRoom === 'tests') return `the program does not import ${toRoom}`;

  if (room === 'native') return toRoom === 'native' ? null : 'the engine stands alone';
  if (room === 'renderer') {
    const allowed = toRoom === 'renderer' || /^electron\/(contract|connection)\//.test(to);
    return allowed ? null : 'the page imports the contract, the way to the studio and nothing else';
  }
  if (toRoom === 'native') return engineForElectron.test(to) ? null : 'the engine is reached by its messages';
  if (toRoom === 'renderer') return 'nothing imports the page';

  const below = domains[folder];
  if (below === undefined || toFolder === folder || below.includes(toFolder)) return null;
  return `${folder} does not stand on ${toFolder}`;
}

/** Files of which each imports the next and the last is the first; none where there is no such circle. */
function circle(imports: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const cleared = new Set<string>();
  const from = (file: string, way: readonly string[]): readonly string[] => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (cleared.has(file)) return [];
    for (const next of imports.get(file) ?? []) {
      const found = from(next, [...way, file]);
      if (found.length > 0) return found;
    }
    cleared.add(file);
    return [];
  };
  for (const file of imports.keys()) {
    const found = from(file, []);
    if (found.length > 0) return found;
  }
  return [];
}

describe('imports', () => {
  test('keep to the rooms of the program', () => {
    const files = ['native', 'electron', 'renderer'].flatMap((folder) =>
      readdirSync(root).includes(folder) ? sources(folder) : [],
    );
    expect(files.length).toBeGreaterThan(30);
    const breaches = files
      .flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')))
      .flatMap((found) => {
        const why = breach(found);
        return why === null ? [] : [`${found.from} imports ${found.to}: ${why}`];
      });
    expect(breaches).toEqual([]);
  });

  test.each(withoutCircles)('go round in no circle in %s', (folder) => {
    const imports = new Map(
      sources(folder).map((file) => [
        file,
        importsOf(file, readFileSync(join(root, file), 'utf8')).map(({ to }) => to),
      ]),
    );
    expect(circle(imports)).toEqual([]);
  });

  test('are known to go round in a circle where they do', () => {
    const imports = new Map([
      ['a.ts', ['b.ts', 'c.ts']],
      ['b.ts', ['c.ts']],
      ['c.ts', ['d.ts', 'b.ts']],
    ]);
    expect(circle(imports)).toEqual(['b.ts', 'c.ts', 'b.ts']);
  });

  test('are found in every form', () => {
    const text = `import a from './a.ts'; import type { B } from '../b.ts'; export * from 'c'; await import('./d.ts');`;
    expect(importsOf('electron/runs/x.ts', text).map(({ to }) => to)).toEqual([
      'electron/runs/a.ts',
      'electron/b.ts',
      'c',
      'electron/runs/d.ts',
    ]);
  });

  test.each([
    ['native/training/train.ts', 'electron/contract/run-spec.ts'],
    ['renderer/main.tsx', 'electron/runs/plan.ts'],
    ['renderer/main.tsx', 'native/jobs.ts'],
    ['electron/runs/plan.ts', 'native/training/train.ts'],
    ['electron/runs/plan.ts', 'electron/exports/model-card.ts'],
    ['electron/datasets/dataset.ts', 'electron/cli/cli.ts'],
    ['electron/hosts/web.ts', 'electron/cli/terminal.ts'],
    ['electron/cli/cli.ts', 'electron'],
    ['electron/cli/cli.ts', 'tests/engine/fake-job.ts'],
  ])('%s may not import %s', (from, to) => {
    expect(breach({ from, to })).not.toBeNull();
  });

  test.each([
    ['renderer/main.tsx', 'electron/contract/run-spec.ts'],
    ['electron/shell/window.ts', 'electron'],
    ['electron/main.ts', 'electron/studio/studio.ts'],
    ['electron/engine/engine-process.ts', 'native/engine/messages.ts'],
    ['electron/cli/commands/train.ts', 'electron/runs/plan.ts'],
    ['native/training/train.ts', 'onnxruntime-node'],
  ])('%s may import %s', (from, to) => {
    expect(breach({ from, to })).toBeNull();
  });
});
