import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { noTime, supervise } from '../../../scripts/gpu-check/supervise.ts';
import { temporaryFolder } from '../../images/pictures.ts';

const folder = temporaryFolder();

/** A check whose process does what the source says; it is given name, provider, size and where it goes on. */
async function check(source: string, { seconds = 20, secondsLeft = 60 } = {}) {
  await mkdir(folder.path, { recursive: true });
  const script = join(folder.path, `${Math.random()}.mjs`);
  await writeFile(
    script,
    `const after = process.argv[5]; const tell = (it) => console.log(JSON.stringify(it));\n${source}`,
  );
  const entry = {
    name: 'some',
    seconds,
    skipped: () => null,
    run: () => Promise.reject(new Error('not here')),
  };
  return supervise(entry, { provider: 'cpu', short: false, secondsLeft, script });
}

describe('a check', () => {
  test('is told as its process tells it, whatever a driver says between', async () => {
    const found = await check(
      `tell({ steps: 1 }); console.log('driver: {hello'); console.log('{half'); tell({ ok: true, steps: 2, ended: true });`,
    );
    expect(found).toEqual({
      name: 'some',
      provider: 'cpu',
      seconds: expect.any(Number) as number,
      ok: true,
      steps: 2,
    });
  });

  test('that crashes is wrong, and what it had found is kept', async () => {
    const found = await check(`tell({ loss: 3 }); console.error('last words'); process.exitCode = 7;`);
    expect(found).toMatchObject({
      ok: false,
      loss: 3,
      error: 'its process ended (exit code 7)',
      words: 'last words',
    });
  });

  test('that hangs is ended after its time', async () => {
    const found = await check(`tell({ loss: 3, at: 'Conv' }); setInterval(() => {}, 1000);`, { seconds: 1 });
    expect(found).toMatchObject({ ok: false, loss: 3, error: 'not done after 1 s at: Conv' });
    expect(found.seconds).toBeLessThan(10);
  });

  test('has no more time than is left of all of it, and is not wrong for that', async () => {
    const found = await check(`tell({ at: 'Conv', failed: [] }); setInterval(() => {}, 1000);`, {
      seconds: 60,
      secondsLeft: 1,
    });
    expect(found).toMatchObject({ ok: null, skipped: noTime });
  });

  test('that had found something wrong when the time was over is wrong', async () => {
    const found = await check(
      `tell({ at: 'Conv', failed: [{ case: 'Add' }] }); setInterval(() => {}, 1000);`,
      { seconds: 60, secondsLeft: 1 },
    );
    expect(found).toMatchObject({ ok: false, failed: [{ case: 'Add' }] });
    expect(found.skipped).toBeUndefined();
  });

  test('of many cases goes on after one that ends its process, and keeps what was found before', async () => {
    const found = await check(`
      const cases = ['a', 'b', 'c', 'd'];
      const failed = [];
      for (const name of cases.slice(cases.indexOf(after) + 1)) {
        tell({ at: name, failed });
        if (name === 'b') process.exit(9);
        if (name === 'a' || name === 'd') failed.push({ case: name });
      }
      tell({ ok: failed.length === 0, failed, ended: true });`);
    expect(found).toMatchObject({
      ok: false,
      failed: [{ case: 'a' }, { case: 'd' }],
      crashes: ['its process ended (exit code 9) at: b'],
    });
  });

  test('that ends at the same case twice is not tried again', async () => {
    const found = await check(`tell({ at: 'a', failed: [] }); process.exit(1);`);
    expect(found).toMatchObject({ ok: false, crashes: ['its process ended (exit code 1) at: a'] });
  });

  test('whose process ends before its next case tells what it had found once', async () => {
    const found = await check(`
      if (after === undefined) { tell({ at: 'a', failed: [] }); tell({ at: 'b', failed: [{ case: 'a' }] }); }
      process.exit(1);`);
    expect(found).toMatchObject({ ok: false, failed: [{ case: 'a' }] });
  });

  test('that says nonsense is told all the same', async () => {
    const found = await check(`
      if (after === undefined) { tell({ at: 'b', failed: [{ case: 'a' }] }); process.exit(1); }
      tell({ at: 'c', failed: 3 }); tell({ name: 'other', provider: 'cuda', ok: 'yes', ended: true });`);
    expect(found).toMatchObject({ name: 'some', provider: 'cpu', ok: false, failed: [{ case: 'a' }] });
  });

  test('that ends without a word of how it went is wrong', async () => {
    expect(await check(`tell({ ended: true });`)).toMatchObject({
      ok: false,
      error: 'it did not say how it went',
    });
  });

  test.skipIf(process.platform === 'win32')(
    'is done after its time though something it started writes on',
    async () => {
      const pid = join(folder.path, 'pid');
      const found = await check(
        `import { spawn } from 'node:child_process'; import { writeFileSync } from 'node:fs';
        const left = spawn('sleep', ['900'], { detached: true, stdio: 'inherit' });
        writeFileSync(${JSON.stringify(pid)}, String(left.pid)); setInterval(() => {}, 1000);`,
        { seconds: 2 },
      );
      const left = Number(await readFile(pid, 'utf8'));
      // 0 would be everybody here.
      expect(left).toBeGreaterThan(1);
      process.kill(left);
      expect(found).toMatchObject({ ok: false, error: 'not done after 2 s' });
    },
  );

  test('has a folder of its own, which is gone whatever became of it', async () => {
    const found = await check(
      `import { writeFileSync } from 'node:fs'; const folder = process.env.SCREENFOLD_CHECK_FOLDER;
      writeFileSync(folder + '/much', 'x'); tell({ folder }); process.kill(process.pid, 'SIGKILL');`,
    );
    expect(found).toMatchObject({ ok: false, folder: expect.stringContaining('gpu-check-') as string });
    await expect(access(String(found.folder))).rejects.toThrow('ENOENT');
  });
});
