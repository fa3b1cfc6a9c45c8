import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

const folders = ['native', 'electron'].map((name) => join(import.meta.dirname, '..', '..', name));
const sources = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[cm]?[jt]s$/.test(name) && !name.includes('node_modules'))
    .map((name) => ({ path: join(folder, name), text: readFileSync(join(folder, name), 'utf8') })),
);

// Electron's memory cage forbids array buffers over memory JavaScript did not allocate: they throw there, though they
// work in Node. So memory that JavaScript reads is always its own.
test('no array buffer is made over foreign memory', () => {
  expect(sources.length).toBeGreaterThan(20);
  const makers =
    /\bkoffi\s*\.\s*view\b|\bview\b[^\n]*\bfrom 'koffi'|\{[^}]*\bview\b[^}]*\}\s*=\s*koffi\b|\bkoffi\s*\[/;
  expect(sources.filter(({ text }) => makers.test(text)).map(({ path }) => path)).toEqual([]);
});

test('koffi is configured in the one place that imports it', () => {
  const importers = sources.filter(({ text }) =>
    /from 'koffi'|require\('koffi'\)|import\('koffi'\)/.test(text),
  );
  expect(importers.map(({ path }) => path.replaceAll('\\', '/'))).toEqual([
    expect.stringMatching(/native\/runtime\/foreign-functions\.ts$/) as string,
  ]);
});
