#!/usr/bin/env node
// Runs on whatever Node the machine has, so it is plain JavaScript: the program itself wants a Node that takes
// TypeScript as it is. Where this one does not, the one that was installed beside the program does.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, URL } from 'node:url';

const wanted = 24;
const cli = new URL('cli.ts', import.meta.url);

if (Number(process.versions.node.split('.')[0]) >= wanted) {
  await import(cli.href);
} else {
  const own = nodeBesideProgram();
  if (own === null) {
    console.error(`Screenfold needs Node ${wanted} or newer; this is ${process.version}.`);
    console.error('Run `npm ci` in its folder, which brings one along, or install Node from nodejs.org.');
    process.exit(1);
  }
  const child = spawn(own, [fileURLToPath(cli), ...process.argv.slice(2)], { stdio: 'inherit' });
  // The program decides what an interruption means; this process only waits for it.
  for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function nodeBesideProgram() {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('node/package.json'));
    const binary = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(binary) ? binary : null;
  } catch {
    return null;
  }
}
