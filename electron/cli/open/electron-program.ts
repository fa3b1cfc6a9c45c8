import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the `electron` package keeps its program, as its own `index.js` finds it; null where it was not fetched yet. */
export function electronProgram(root: string, environment: Readonly<NodeJS.ProcessEnv>): string | null {
  const folder = join(root, 'node_modules', 'electron');
  const named = join(folder, 'path.txt');
  const name = existsSync(named) ? readFileSync(named, 'utf8').trim() : 'electron';
  const program = join(environment.ELECTRON_OVERRIDE_DIST_PATH ?? join(folder, 'dist'), name);
  return existsSync(program) ? program : null;
}

/** Has the `electron` package fetch its program. Resolves to whether it did; what it says goes to the terminal. */
export async function fetchElectron(root: string): Promise<boolean> {
  const install = join(root, 'node_modules', 'electron', 'install.js');
  if (!existsSync(install)) return false;
  const child = spawn(process.execPath, [install], { cwd: root, stdio: 'inherit' });
  return new Promise((resolve) => {
    child.on('error', () => {
      resolve(false);
    });
    child.on('close', (code) => {
      resolve(code === 0);
    });
  });
}
