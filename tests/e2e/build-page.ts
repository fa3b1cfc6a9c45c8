import { fileURLToPath } from 'node:url';

import { ensureBuilt } from '../../electron/cli/open/built-files.ts';

/** Once, before any spec: several at once would build over each other. */
export default async function buildPage(): Promise<void> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  await ensureBuilt(root, 'renderer', {
    onBuild: () => {
      console.log('Building the page …');
    },
    onLine: () => undefined,
  });
}
