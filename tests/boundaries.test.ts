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
};

/** A room of the page and the rooms it stands on; the roof, `app`, stands on all. */
const pageRooms: Readonly<Record<string, readonly string[]>> = {
  studio: [],
  components: ['studio'],
  features: ['studio', 'components'],
};

/** Of the engine: its messages, its failures, and files and pictures read and written. */
const engineForElectron =
  /^native\/(failure|jobs|runtime\/runtime|engine\/messages|files\/(atomic-file|storage-failure))\.ts$|^native\/images\//;

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
    if (!allowed) return 'the page imports the contract, the way to the studio and nothing else';
    const below = pageRooms[folder];
    if (toRoom !== 'renderer' || below === undefined || toFolder === folder || below.includes(toFolder))
      return null;
    return `the page's ${folder} does not stand on its ${toFolder}`;
  }
  if (toRoom === 'native') return engineForElectron.test(to) ? null : 'the engine is reached by its messages';
  if (toRoom === 'renderer') return 'nothing imports the page';

  const below = domains[folder];
  if (below === undefined || toFolder === folder || below.includes(toFolder)) return null;
  return `${folder} does not stand on ${toFolder}`;
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
    ['renderer/studio/studio.tsx', 'renderer/app/app.tsx'],
    ['renderer/studio/studio.tsx', 'renderer/components/notice.tsx'],
    ['renderer/components/notice.tsx', 'renderer/features/runs/curve.ts'],
    ['renderer/features/runs/curve.ts', 'renderer/app/theme.ts'],
    ['electron/runs/plan.ts', 'native/training/train.ts'],
    ['electron/runs/plan.ts', 'electron/exports/model-card.ts'],
    ['electron/datasets/dataset.ts', 'electron/cli/cli.ts'],
    ['electron/cli/cli.ts', 'electron'],
    ['electron/cli/cli.ts', 'tests/engine/fake-job.ts'],
  ])('%s may not import %s', (from, to) => {
    expect(breach({ from, to })).not.toBeNull();
  });

  test.each([
    ['renderer/main.tsx', 'electron/contract/run-spec.ts'],
    ['renderer/main.tsx', 'renderer/app/app.tsx'],
    ['renderer/features/runs/activity.tsx', 'renderer/studio/studio.tsx'],
    ['electron/shell/window.ts', 'electron'],
    ['electron/main.ts', 'electron/studio/studio.ts'],
    ['electron/engine/engine-process.ts', 'native/engine/messages.ts'],
    ['electron/cli/commands/train.ts', 'electron/runs/plan.ts'],
    ['native/training/train.ts', 'onnxruntime-node'],
  ])('%s may import %s', (from, to) => {
    expect(breach({ from, to })).toBeNull();
  });
});
