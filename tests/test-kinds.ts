import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';

/**
 * What makes a test slow, or makes it take the whole processor: ONNX Runtime, other processes and threads, a browser,
 * and what builds the page.
 */
const heavy: ReadonlySet<string> = new Set([
  'koffi',
  'node:child_process',
  'node:worker_threads',
  'onnxruntime-node',
  'playwright-core',
  'esbuild',
  'vite',
]);

/** In every form in which a file makes another one run; `import type` does not. */
const importing =
  /^\s*(?:import|export)\s+(?!type\b)(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)|\bimport\.meta\.resolve\('([^']+)'\)|\bnew URL\('(\.[^']+)'/gm;

function importsOf(root: string, file: string): readonly string[] {
  const names = [...readFileSync(join(root, file), 'utf8').matchAll(importing)].flatMap((match) =>
    (match.slice(1) as (string | undefined)[]).filter((name) => name !== undefined),
  );
  return names.map((name) => (name.startsWith('.') ? posix.join(posix.dirname(file), name) : name));
}

const isSource = (root: string, name: string): boolean =>
  /\.(ts|tsx|mjs)$/.test(name) && existsSync(join(root, name));

/** How a file comes to something heavy, by the files between them; null where it does not. */
export function wayToHeavy(root: string, file: string): readonly string[] | null {
  const cameFrom = new Map<string, readonly string[]>([[file, [file]]]);
  for (const [at, way] of cameFrom) {
    for (const name of importsOf(root, at)) {
      if (heavy.has(name)) return [...way, name];
      if (!cameFrom.has(name) && isSource(root, name)) cameFrom.set(name, [...way, name]);
    }
  }
  return null;
}

/**
 * The tests that need no document (these are named `.test.tsx`) and no browser: a unit test comes to nothing heavy,
 * whatever it imports, and the others are the engine's.
 */
export function testKinds(root: string): {
  readonly unit: readonly string[];
  readonly engine: readonly string[];
} {
  const tests = readdirSync(join(root, 'tests'), { recursive: true })
    .map((name) => posix.join('tests', String(name).split(sep).join('/')))
    .filter((name) => name.endsWith('.test.ts') && !name.startsWith('tests/e2e/'));
  const unit = tests.filter((file) => wayToHeavy(root, file) === null);
  return { unit, engine: tests.filter((file) => !unit.includes(file)) };
}
