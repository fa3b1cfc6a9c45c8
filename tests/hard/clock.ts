/** A clock that jumps while a run is trained, by libfaketime where it is installed. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { figure } from './figures.ts';
import { addImages, runOf, serveLibrary, shortRun, sleep, someImages, until } from './served.ts';

function fakeTime(): string | null {
  const roots = ['/usr/lib', '/usr/local/lib', '/opt/homebrew/lib'].filter((root) => existsSync(root));
  const places = roots.flatMap((root) => [
    join(root, 'faketime'),
    ...readdirSync(root).map((name) => join(root, name, 'faketime')),
  ]);
  return places.map((place) => join(place, 'libfaketimeMT.so.1')).find((file) => existsSync(file)) ?? null;
}

const library = fakeTime();
if (library === null) console.log('clock: left out, for libfaketime is not installed');
else {
  const folder = mkdtempSync(join(tmpdir(), 'screenfold-clock-'));
  const clock = join(folder, 'clock');
  const set = (offset: string) => {
    writeFileSync(clock, `${offset}\n`);
  };
  set('+0');
  const faults: string[] = [];
  const hold = (what: string, is: boolean, saw: unknown = '') => {
    if (!is) faults.push(`${what}: ${String(saw)}`);
  };
  const environment = {
    ...{ LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: clock, FAKETIME_NO_CACHE: '1' },
    // Only the clock that people set.
    ...{ DONT_FAKE_MONOTONIC: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' },
  };
  try {
    const served = await serveLibrary(join(folder, 'library'), { environment });
    const datasetId = await addImages(served, someImages(join(folder, 'images'), 6));
    const request = await shortRun(served, datasetId, 6);
    const costRate = { kind: 'hourly', pricePerHour: 3600 } as const;
    const began = performance.now();
    const { runIds } = await served.client.call('runs.start', { request: { ...request, costRate } });
    const runId = runIds[0]!;
    const seen: number[] = [];
    for (const offset of ['-2h', '+3d', '-10y', '+0', '-1s', '+30y']) {
      set(offset);
      await sleep(700);
      const { seconds, cost } = await runOf(served, runId);
      seen.push(seconds);
      hold('seconds only grow', seconds >= (seen.at(-2) ?? 0), seen.join(' '));
      hold('what it costs is its seconds', Math.abs((cost ?? 0) - seconds) < 1e-6, cost);
    }
    set('+0');
    await until(async () => (await runOf(served, runId)).status === 'finished');
    const passed = (performance.now() - began) / 1000;
    const { seconds } = await runOf(served, runId);
    hold('no more than passed', seconds > 0 && seconds <= passed + 1, `${seconds} of ${passed}`);
    const progress = await served.client.call('datasets.get', { datasetId });
    hold('the data set is as it was', progress.images === 6);
    hold('it lives', served.alive(), served.said());
    await served.kill();
    figure(
      'clock',
      { jumps: 7, 'seconds counted': seconds.toFixed(1), passed: passed.toFixed(1) },
      faults.length,
    );
  } finally {
    for (const fault of faults) console.error(fault);
    rmSync(folder, { recursive: true, force: true });
  }
}
