// Runs before `npm start`, `npm test`, `npm run demo` and `npm run bench`, on whatever Node the machine has:
// installs what package-lock.json names unless exactly that is already there.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const marker = 'node_modules/.installed-lock';
const lock = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');

if (!existsSync(marker) || readFileSync(marker, 'utf8') !== lock) {
  console.log('Installing what Screenfold needs (once) …');
  const npm = process.env.npm_execpath;
  // What npm has to say of packages that others maintain is of no use to whoever starts the studio.
  const quietly = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const [command, args] = npm ? [process.execPath, [npm, ...quietly]] : ['npm', quietly];
  // Said in .npmrc too, which future npm may not hand on to install scripts.
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', env });
  if (error || status !== 0) {
    console.error(
      'The installation failed; its own message is above. Run `npm ci` again once that is mended.',
    );
    process.exit(1);
  }
  writeFileSync(marker, lock);
}
