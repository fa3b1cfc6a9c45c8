/**
 * One check in a process of its own, which it may end: `run-check.ts <name> <provider> <short|whole> [case it goes on
 * after]`. Writes what it finds as lines of JSON objects; later ones go over earlier ones. Ends with its input, which is there
 * for as long as somebody waits for it.
 */
import { rmSync } from 'node:fs';

import { messageOf } from '../../native/failure.ts';
import { openRuntime } from '../../native/runtime/open-runtime.ts';
import { physicalCores } from '../../native/runtime/physical-cores.ts';
import { providerLabels, providers } from '../../native/runtime/runtime.ts';
import type { CheckContext, Finding } from './check.ts';
import { checks } from './checks.ts';
import { folderVariable } from './supervise.ts';

const [name, providerName, size, after = null] = process.argv.slice(2);
const check = checks.find((one) => one.name === name);
const provider = providers.find((one) => one === providerName);
const folder = process.env[folderVariable];
if (!check || !provider) throw new Error(`There is no check ${name ?? ''} on ${providerName ?? ''}.`);
if (folder === undefined) throw new Error(`${folderVariable} names no folder.`);

process.stdin.resume().on('close', () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(1);
});

/** Seven digits say what float32 says. */
const text = (details: Readonly<Record<string, unknown>>): string =>
  `${JSON.stringify(details, (_, value: unknown) => (typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(7)) : value))}\n`;
const report = (details: Readonly<Record<string, unknown>>): void => {
  process.stdout.write(text(details));
};
const threads = physicalCores();
const context: CheckContext = {
  provider,
  short: size === 'short',
  folder,
  after,
  open: (tuning) => openRuntime(provider, 'c-api', threads, providerLabels[provider], tuning),
  openCpu: () => openRuntime('cpu', 'c-api', threads, 'CPU'),
  report,
};
const finding = await check.run(context).catch((error: unknown): Finding => ({
  ok: false,
  error: messageOf(error),
  ...(error instanceof Error && {
    stack: error.stack
      ?.split('\n')
      .slice(1, 6)
      .map((line) => line.trim()),
  }),
}));
// Drivers may hang or crash while they are unloaded; by then all is said.
process.stdout.write(text({ ...finding, ended: true }), () => process.exit(0));
