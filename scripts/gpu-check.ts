/**
 * Tells within minutes whether Screenfold computes rightly on this machine's GPU, and how fast: `npm run gpu:check`.
 * Every check is made in a process of its own, so that none stops another, and told as soon as it is done.
 *
 * - `--json`: a line of JSON for each, and one for all of it at the end
 * - `--provider cuda|directml|webgpu|cpu`: there alone; else on every GPU provider that was found
 * - `--only name,name`, `--short`: some, or all of them at a size for a processor
 * - `--seconds 360`: for all of it
 * - `--out file`: the last line also goes there, anew after every check
 *
 * Exit code 0: nothing is wrong. 1: something is. 2: there is no GPU to check.
 */
import { stat, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { messageOf } from '../native/failure.ts';
import { writeFileAtomic } from '../native/files/atomic-file.ts';
import { usedGpuMemory } from '../native/runtime/nvidia-smi.ts';
import { type Provider, providers } from '../native/runtime/runtime.ts';
import { type CheckEntry, checks } from './gpu-check/checks.ts';
import { machineFacts } from './gpu-check/machine.ts';
import { line, machineLines } from './gpu-check/report-text.ts';
import { type CheckResult, supervise } from './gpu-check/supervise.ts';
import { followUsedMemory } from './gpu-check/used-memory.ts';

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
    provider: { type: 'string' },
    only: { type: 'string' },
    seconds: { type: 'string', default: '360' },
    out: { type: 'string' },
  },
});

const begun = performance.now();
const seconds = Number(flags.seconds);
if (!(seconds > 0)) refuse(`--seconds is a number above 0, not ${flags.seconds}.`);
const secondsLeft = (): number => seconds - (performance.now() - begun) / 1000;

/** Ends with what was asked for that cannot be. */
function refuse(why: string): never {
  console.error(why);
  if (flags.json) console.log(JSON.stringify({ error: why, checks: [] }));
  process.exit(1);
}

function chosenChecks(): readonly CheckEntry[] {
  if (flags.only === undefined) return checks;
  const names = flags.only.split(',');
  const unknown = names.filter((name) => !checks.some((check) => check.name === name));
  if (unknown.length === 0) return checks.filter(({ name }) => names.includes(name));
  refuse(`There is no check ${unknown.join(', ')}; there are ${checks.map(({ name }) => name).join(', ')}.`);
}

function chosenProviders(available: readonly Provider[]): readonly Provider[] {
  if (flags.provider === undefined) return available.filter((provider) => provider !== 'cpu');
  const provider = providers.find((name) => name === flags.provider);
  if (!provider) refuse(`--provider is one of ${providers.join(', ')}.`);
  return [provider];
}

const noTime = 'no time was left';
const chosen = chosenChecks();
if (flags.provider !== undefined) chosenProviders([]);
const { probes, ...machine } = await machineFacts();
const places = chosenProviders(
  machine.providers.flatMap((found) => (found.available ? [found.provider] : [])),
);
if (flags.json) console.log(JSON.stringify({ machine }));
else for (const text of machineLines(machine)) console.log(text);

const results: CheckResult[] = [];
/** Why what is known could not be kept; null where it was, or nobody asked for it. */
const keep = async (): Promise<string | null> => {
  const { out } = flags;
  if (out === undefined) return null;
  const text = `${JSON.stringify({ machine, checks: results })}\n`;
  // What is there and no file is a device or a pipe, and stays one.
  const isFile = await stat(out).then(
    (found) => found.isFile(),
    () => true,
  );
  return (isFile ? writeFileAtomic(out, text) : writeFile(out, text)).then(() => null, messageOf);
};
/** An NVIDIA GPU that CUDA does not serve for is wrong, though another provider may do. */
function missingCuda(): CheckResult | null {
  const cuda = machine.providers.find(({ provider }) => provider === 'cuda');
  if (machine.gpus.length === 0 || flags.provider !== undefined || !cuda || cuda.available) return null;
  return { name: 'provider', provider: 'cuda', ok: false, error: cuda.reason, seconds: 0 };
}

const idleMemory = usedGpuMemory();
const memory = followUsedMemory(Math.max(1, machine.gpus.length));
const missing = missingCuda();
if (missing) tell(missing);
const unkept = await keep();
if (unkept !== null) {
  memory.end();
  refuse(unkept);
}
for (const provider of places) {
  for (const check of chosen) {
    tell(await one(check, provider));
    const why = await keep();
    // It was there before; what is found goes on being told.
    if (why !== null) console.error(why);
  }
}
memory.end();

function tell(result: CheckResult): void {
  results.push(result);
  console.log(flags.json ? JSON.stringify(result) : line(result));
}

async function one(check: CheckEntry, provider: Provider): Promise<CheckResult> {
  const skipped = check.skipped(provider) ?? (secondsLeft() < 5 ? noTime : null);
  if (skipped !== null) return { name: check.name, provider, ok: null, skipped, seconds: 0 };
  await memory.settled();
  const options = { provider, short: flags.short, secondsLeft: secondsLeft() };
  const result = await supervise(check, {
    ...options,
    environment: { SCREENFOLD_PROBES: JSON.stringify(probes) },
  });
  const most = memory.most();
  if (idleMemory === null || most === null || provider === 'cpu') return result;
  return { ...result, peakDeviceMib: most - idleMemory };
}

if (places.length === 0 && !flags.json) {
  console.log(
    'There is no GPU here that Screenfold can compute on; --provider cpu checks the way on the processor.',
  );
}
const wrong = results.filter(({ ok }) => ok === false).map(({ name }) => name);
if (flags.json) console.log(JSON.stringify({ machine, checks: results }));
else if (places.length > 0) {
  console.log(wrong.length === 0 ? 'Nothing is wrong.' : `Wrong: ${wrong.join(', ')}.`);
  const late = results.filter(({ skipped }) => skipped === noTime).map(({ name }) => name);
  if (late.length > 0) console.log(`Not looked at, for want of time: ${late.join(', ')}.`);
}
process.exitCode = wrong.length > 0 ? 1 : places.length === 0 ? 2 : 0;
