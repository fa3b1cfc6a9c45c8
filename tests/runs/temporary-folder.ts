import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

/** A folder of this test's own, removed when it ends; its name is as awkward as people's are. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'screenfold 日本 ü '));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}
