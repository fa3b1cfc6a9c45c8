// Runs before `npm start`, `npm test`, `npm run demo` and `npm run bench`, on whatever Node the machine has:
// installs what package-lock.json names unless exactly that is already there.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';

const marker = 'node_modules/.installed-lock';
const lock = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');
/** The process that installs, as long as it does. Not in node_modules, which is emptied first. */
const busy = '.screenfold/installing';

const isInstalled = () =>
  existsSync(marker) && readFileSync(marker, 'utf8') === lock && existsSync('node_modules/.bin/node');

if (!isInstalled()) {
  takeTurn();
  try {
    // Another program may have done it meanwhile.
    if (!isInstalled()) install();
  } finally {
    rmSync(busy, { force: true });
  }
}

function install() {
  console.log('Installing what Screenfold needs. This happens once and takes a minute or more …');
  const npm = process.env.npm_execpath;
  // What npm has to say of packages that others maintain is of no use to whoever starts the studio.
  const quietly = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const [command, args] = npm ? [process.execPath, [npm, ...quietly]] : ['npm', quietly];
  // Said in .npmrc too, which future npm may not hand on to install scripts.
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', env });
  if (error || status !== 0 || !existsSync('node_modules/.bin/node')) {
    console.error(
      'The installation failed; its own message is above. Run `npm ci` again once that is mended.',
    );
    process.exitCode = 1;
    rmSync(busy, { force: true });
    process.exit();
  }
  writeFileSync(marker, lock);
}

/** Waits until nobody else installs here: two at once would delete each other's files. */
function takeTurn() {
  mkdirSync('.screenfold', { recursive: true });
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (let told = false; ;) {
    try {
      writeFileSync(busy, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!isHeld()) {
      // Whoever held it was broken off.
      rmSync(busy, { force: true });
      continue;
    }
    if (!told) console.log('Another program is installing what Screenfold needs. Waiting for it …');
    told = true;
    Atomics.wait(clock, 0, 0, 500);
  }
}

function isHeld() {
  try {
    const pid = Number(readFileSync(busy, 'utf8'));
    // Begun a moment ago, and its number not yet written.
    if (pid === 0) return Date.now() - statSync(busy).mtimeMs < 5000;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
