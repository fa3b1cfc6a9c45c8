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

/** The engine's rooms from the ground up: a room stands on lower floors alone, and knows no other room of its own. */
const engineFloors: readonly (readonly string[])[] = [
  ['facts'],
  ['failure.ts'],
  ['files', 'random', 'graph'],
  ['runtime'],
  ['jobs.ts'],
  ['images', 'noise', 'tokenizer', 'autodiff', 'kernels', 'stages'],
  ['models', 'captioning'],
  ['weights', 'optimizers'],
  ['families'],
  ['training', 'sampling'],
  ['doctor.ts', 'export.ts', 'info.ts', 'likeness', 'engine'],
  ['run-job.ts'],
  ['engine.ts'],
];

/** The page's, likewise. */
const pageFloors: readonly (readonly string[])[] = [
  ['studio'],
  ['components'],
  ['features'],
  ['app'],
  ['main.tsx'],
];

/** A domain of electron/ and the domains it stands on; the order has no circles. */
const domains: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  library: ['contract'],
  datasets: ['contract', 'library'],
  engine: [],
  captioners: ['contract', 'library', 'datasets', 'engine'],
  downloads: ['contract', 'library'],
  gpu: ['contract', 'library', 'engine', 'downloads'],
  connection: ['contract'],
  runs: ['contract', 'library', 'datasets', 'engine'],
  loras: ['contract', 'library'],
  gallery: ['contract', 'library', 'loras', 'runs', 'engine', 'sheets'],
  sheets: ['contract'],
  exports: ['contract', 'library', 'runs', 'gallery', 'engine', 'sheets'],
  models: ['contract', 'library', 'runs', 'exports', 'engine'],
};
const everyDomain = Object.keys(domains);

/** What is above the domains, and what it stands on. */
const roofs: Readonly<Record<string, readonly string[]>> = {
  studio: [
    ...[
      'contract',
      'connection',
      'library',
      'datasets',
      'captioners',
      'downloads',
      'gpu',
      'engine',
      'runs',
      'loras',
      'gallery',
      'exports',
    ],
    'models',
  ],
  hosts: ['contract', 'connection', 'studio'],
  cli: [
    'contract',
    'library',
    'datasets',
    'downloads',
    'engine',
    'runs',
    'gallery',
    'sheets',
    'exports',
    'studio',
    'hosts',
  ],
  shell: ['contract', 'connection', 'library', 'datasets', 'engine', 'studio', 'hosts'],
  'main.ts': [...everyDomain, 'studio', 'hosts', 'shell'],
  'preload.ts': ['connection', 'shell'],
};

/** Of the engine: its facts, which settings a base takes, what captioning models' folders hold, whether a safetensors file is whole, where GPU packs lie, how much memory there is, its messages, its failures, and files and pictures read and written. */
const engineForElectron =
  /^native\/facts\/|^native\/(failure|jobs|families\/(?:read-(?:lora-|embedding-)?facts|settings-fit)|captioning\/captioner-files|runtime\/(runtime|main-memory|kill-process|gpu-pack|nvidia-smi|cuda-gpus)|engine\/messages|training\/(?:memory-plan|memory-savings|ways-to-fit)|files\/[\w-]+|weights\/safetensors)\.ts$|^native\/images\//;

/** Breaches there are today. A line goes when its breach goes; none is added. */
const knownBreaches: readonly string[] = [];

/** Why an import between two rooms may not be, by the floors they are on. */
function upward(floors: readonly (readonly string[])[], room: string, toRoom: string): string | null {
  if (room === toRoom) return null;
  const floorOf = (name: string): number => floors.findIndex((floor) => floor.includes(name));
  const [floor, toFloor] = [floorOf(room), floorOf(toRoom)];
  if (floor === -1) return `${room} has no place in the order of rooms`;
  return toFloor !== -1 && toFloor < floor ? null : `${room} does not stand on ${toRoom}`;
}

/** Imports that are part of a circle of files. */
function circular(imports: readonly Import[]): readonly Import[] {
  const next = Map.groupBy(imports, ({ from }) => from);
  const reached = (start: string): ReadonlySet<string> => {
    const seen = new Set<string>();
    const open = [start];
    for (let file = open.pop(); file !== undefined; file = open.pop())
      for (const { to } of next.get(file) ?? [])
        if (!seen.has(to)) {
          seen.add(to);
          open.push(to);
        }
    return seen;
  };
  const reachedFrom = new Map([...next.keys()].map((file) => [file, reached(file)]));
  return imports.filter(({ from, to }) => reachedFrom.get(to)?.has(from) ?? false);
}

/** Why an import may not be, or null where it may. */
function breach({ from, to }: Import): string | null {
  const [room = '', folder = ''] = from.split('/');
  const [toRoom = '', toFolder = ''] = to.split('/');
  const own = ['native', 'electron', 'renderer', 'scripts', 'tests'].includes(toRoom);
  const onlyShell = room === 'electron' && ['shell', 'main.ts', 'preload.ts'].includes(folder);
  if (room === 'native' && folder === 'facts')
    return to.startsWith('native/facts/') ? null : 'facts are plain data and stand alone';
  if (to === 'electron') return onlyShell ? null : 'only the shell imports electron';
  if (!own) return null;
  if (toRoom === 'scripts' || toRoom === 'tests') return `the program does not import ${toRoom}`;

  if (room === 'native')
    return toRoom === 'native' ? upward(engineFloors, folder, toFolder) : 'the engine stands alone';
  if (room === 'renderer') {
    if (toRoom === 'renderer') return upward(pageFloors, folder, toFolder);
    const allowed = /^electron\/(contract|connection)\//.test(to);
    return allowed ? null : 'the page imports the contract, the way to the studio and nothing else';
  }
  if (toRoom === 'native') return engineForElectron.test(to) ? null : 'the engine is reached by its messages';
  if (toRoom === 'renderer') return 'nothing imports the page';

  const below = domains[folder] ?? roofs[folder];
  if (below === undefined) return `${folder} has no place in the order of rooms`;
  if (toFolder === folder || below.includes(toFolder)) return null;
  return `${folder} does not stand on ${toFolder}`;
}

/** What only the engine's own files and its facts say, as it would be written. */
const factsOfTheEngine: readonly RegExp[] = [
  /[`'"]epoch-(?:\$\{|\(|\\d)|\^epoch-/,
  /join\([^;]*'(?:checkpoints|state|artifacts)'/,
  /['"]metrics\.jsonl['"]/,
  /lora\.safetensors/,
  /block_out_channels|cross_attention_dim|prediction_type|sample_size/,
  /learningRate(?:\s*\?\?|:)\s*(?:\([^)]*\?\s*)?\d/,
  /\btext_encoder\b/,
];

/** A file's text without its comments. */
function codeOf(file: string): string {
  const text = readFileSync(join(root, file), 'utf8');
  return text.replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');
}

describe('facts of the engine', () => {
  test.each(factsOfTheEngine)('are not written again where they are used: %s', (pattern) => {
    const again = ['electron', 'renderer'].flatMap(sources).filter((file) => pattern.test(codeOf(file)));
    expect(again).toEqual([]);
  });

  test.each([
    'return `epoch-${String(epoch)}`;',
    '/^epoch-(\\d{4,})$/.exec(name)',
    "readdir(join(runFolder, 'checkpoints'))",
    "join(folder, 'state')",
    "join(folder, 'metrics.jsonl')",
    'config.block_out_channels.length',
    'learningRate: 1e-4,',
    "learningRate ?? (method.kind === 'full' ? 1e-5 : 1e-4)",
    "of('unet', 'text_encoder')",
  ])('would be found in: %s', (line) => {
    expect(factsOfTheEngine.some((pattern) => pattern.test(line))).toBe(true);
  });
});

describe('imports', () => {
  test('keep to the rooms of the program', () => {
    const files = ['native', 'electron', 'renderer'].flatMap(sources);
    expect(files.length).toBeGreaterThan(300);
    const imports = files.flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')));
    const circle = new Set(circular(imports));
    const breaches = imports.flatMap((found) => {
      const why = breach(found) ?? (circle.has(found) ? 'a circle of files' : null);
      return why === null ? [] : [`${found.from} imports ${found.to}: ${why}`];
    });
    // A known breach that is found no more is mended: its line goes.
    expect(breaches.sort()).toEqual([...knownBreaches].sort());
  });

  test('go round in no circle of domains', () => {
    const stands = Object.entries(domains).flatMap(([from, below]) => below.map((to) => ({ from, to })));
    expect(circular(stands)).toEqual([]);
  });

  test('are part of a circle when they lead back, and not when they only lead to one', () => {
    const [there, onward, back] = [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'c' },
      { from: 'c', to: 'a' },
    ];
    const into = { from: 'd', to: 'a' };
    const out = { from: 'c', to: 'e' };
    expect(circular([there, onward, back, into, out])).toEqual([there, onward, back]);
    expect(circular([there, onward, into, out])).toEqual([]);
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
    ['electron/hosts/web.ts', 'electron/cli/terminal.ts'],
    ['electron/preload.ts', 'electron/studio/studio.ts'],
    ['electron/new-room/file.ts', 'electron/contract/api.ts'],
    ['native/training/train.ts', 'native/sampling/generate.ts'],
    ['native/sampling/generate.ts', 'native/training/train.ts'],
    ['native/runtime/providers.ts', 'native/jobs.ts'],
    ['native/graph/graph.ts', 'native/new-room/file.ts'],
    ['native/facts/methods.ts', 'native/jobs.ts'],
    ['native/facts/methods.ts', 'native/failure.ts'],
    ['native/facts/methods.ts', 'node:path'],
    ['native/facts/methods.ts', 'zod'],
    ['renderer/main.tsx', 'native/facts/methods.ts'],
    ['electron/runs/plan.ts', 'native/families/open-model.ts'],
    ['native/new-room/file.ts', 'native/failure.ts'],
    ['renderer/components/screen.tsx', 'renderer/features/runs/run-list.tsx'],
    ['renderer/studio/studio.tsx', 'renderer/components/screen.tsx'],
    ['renderer/features/runs/run-list.tsx', 'renderer/app/routes.tsx'],
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
    ['electron/runs/plan.ts', 'native/facts/methods.ts'],
    ['electron/contract/learning-rates.ts', 'native/facts/methods.ts'],
    ['electron/runs/base-model.ts', 'native/families/read-facts.ts'],
    ['native/facts/config-facts.ts', 'native/facts/methods.ts'],
    ['native/training/train.ts', 'onnxruntime-node'],
    ['native/training/train.ts', 'native/training/trainer.ts'],
    ['native/training/train.ts', 'native/graph/graph.ts'],
    ['renderer/features/runs/run-list.tsx', 'renderer/features/train/draft-context.ts'],
    ['renderer/components/screen.tsx', 'renderer/studio/failure.ts'],
  ])('%s may import %s', (from, to) => {
    expect(breach({ from, to })).toBeNull();
  });
});
