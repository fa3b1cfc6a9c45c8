import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { testKinds, wayToHeavy } from './test-kinds.ts';

let root: string;
const files: Readonly<Record<string, string>> = {
  'native/session.ts': "import {\n  InferenceSession,\n} from 'onnxruntime-node';\n",
  'native/through.ts': "export * from './session.ts';",
  'native/worker.ts': "import { parentPort } from 'node:worker_threads';",
  'native/starts.ts': "new Worker(new URL('./worker.ts', import.meta.url));",
  'native/lazy.ts': "const load = async () => await import('./session.ts');",
  'native/round.ts': "import { a } from './about.ts';",
  'native/about.ts': "import { b } from './round.ts';",
  'tests/pure.test.ts': "import { a } from '../native/round.ts';\nimport { readFileSync } from 'node:fs';",
  'tests/named.test.ts': "import type { Session } from '../native/session.ts';",
  'tests/deep.test.ts': "import { Session } from '../native/through.ts';",
  'tests/thread.test.ts': "import '../native/starts.ts';",
  'tests/lazy.test.ts': "import { load } from '../native/lazy.ts';",
  'tests/renderer/screen.test.tsx': '',
  'tests/e2e/story.test.ts': '',
};

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'screenfold-kinds-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

describe('a test', () => {
  test('is a unit test where nothing it runs comes to the engine, a process or a thread', () => {
    const { unit, engine } = testKinds(root);
    expect([...unit].sort()).toEqual(['tests/named.test.ts', 'tests/pure.test.ts']);
    expect([...engine].sort()).toEqual(['tests/deep.test.ts', 'tests/lazy.test.ts', 'tests/thread.test.ts']);
  });

  test('is the engine’s by a way that can be named', () => {
    expect(wayToHeavy(root, 'tests/deep.test.ts')).toEqual([
      'tests/deep.test.ts',
      'native/through.ts',
      'native/session.ts',
      'onnxruntime-node',
    ]);
  });

  test('is of one kind in this project too, and most are unit tests', () => {
    const { unit, engine } = testKinds(fileURLToPath(new URL('..', import.meta.url)));
    expect(engine).toContain('tests/training/steps.test.ts');
    expect(unit).toContain('tests/random/philox.test.ts');
    expect(unit.length).toBeGreaterThan(engine.length);
  });
});
