/**
 * Tells within minutes whether Screenfold computes rightly on this machine's GPU, and how fast: `npm run gpu:check`, of which
 * `--help` tells the flags. Every check is made in a process of its own, so that none stops another, and told as soon as it is done.
 */
import { stat, writeFile } from 'node:fs/promises';

import { messageOf } from '../native/failure.ts';
import { writeFileAtomic } from '../native/files/atomic-file.ts';
import { usedGpuMemory } from '../native/runtime/nvidia-smi.ts';
import { type Provider, providers } from '../native/runtime/runtime.ts';
import { type CheckEntry, checks } from './gpu-check/checks.ts';
import { machineFacts } from './gpu-check/machine.ts';
import { ending, line, machineLines } from './gpu-check/report-text.ts';
import { type CheckResult, noTime, supervise } from './gpu-check/supervise.ts';
import { followUsedMemory } from './gpu-check/used-memory.ts';
import { refuse, scriptFlags } from './script-flags.ts';

const usage = `npm run gpu:check -- [flags]

  --json               a line of JSON for each check, and one for all of it at the end
  --provider <name>    there alone: ${providers.join(', ')}; else on every GPU that was found,
                       by each of its providers that computes on it
  --only <name,name>   these checks alone
  --short              all of it at a size for a processor
  --seconds <number>   for all of it, 360 unless you say otherwise; what comes after is left out
  --out <file>         the last line also goes there, anew after every check

Exit code 0: nothing is wrong. 1: something is. 2: there is no GPU to check. 64: a flag is not understood.`;

const flags = scriptFlags(usage, {
  json: { type: 'boolean', default: false },
  short: { type: 'boolean', default: false },
  provider: { type: 'string' },
  only: { type: 'string' },
  seconds: { type: 'string', default: '360' },
  out: { type: 'string' },
});

/** Ends with what was asked for that cannot be; the last line is JSON all the same. */
function cannot(why: string): never {
  if (flags.json) console.log(JSON.stringify({ error: why, checks: [] }));
  return refuse(why);
}

const seconds = Number(flags.seconds);
if (!(seconds > 0)) cannot(`--seconds is a number above 0, not ${flags.seconds}.`);
const begun = performance.now();
const secondsLeft = (): number => seconds - (performance.now() - begun) / 1000;

function chosenChecks(): readonly CheckEntry[] {
  if (flags.only === undefined) return checks;
  const names = flags.only.split(',');
  const unknown = names.filter((name) => !checks.some((check) => check.name === name));
  if (unknown.length === 0) return checks.filter(({ name }) => names.includes(name));
  return cannot(
    `There is no check ${unknown.join(', ')}; there are ${checks.map(({ name }) => name).join(', ')}.`,
  );
}

function chosenProvider(): Provider | null {
  if (flags.provider === undefined) return null;
  return (
    providers.find((name) => name === flags.provider) ??
    cannot(`--provider is one of ${providers.join(', ')}, not ${flags.provider}.`)
  );
}

const chosen = chosenChecks();
const asked = chosenProvider();
const { probes, ...machine } = await machineFacts();
/** Unasked, no driver that computes on the processor: it would take all of the time and tell of no GPU. */
const places =
  asked === null ? providers.filter((provider) => probes[provider]?.software === false) : [asked];
if (flags.json) console.log(JSON.stringify({ machine }));
else for (const text of machineLines(machine)) console.log(text);

const results: CheckResult[] = [];
const keep = async (): Promise<void> => {
  const { out } = flags;
  if (out === undefined) return;
  const text = `${JSON.stringify({ machine, checks: results })}\n`;
  // What is there and no file is a device or a pipe, and stays one.
  const isFile = await stat(out).then(
    (found) => found.isFile(),
    () => true,
  );
  await (isFile ? writeFileAtomic(out, text) : writeFile(out, text));
};
await keep().catch((error: unknown) => cannot(messageOf(error)));
/** A disk that is full by now stops no check: all is told on the standard output, too. */
const keepIfPossible = (): Promise<void> =>
  keep().catch((error: unknown) => {
    console.error(messageOf(error));
  });
/** An NVIDIA GPU that CUDA does not serve for is wrong, though another provider may do. */
function missingCuda(): CheckResult | null {
  const cuda = machine.providers.find(({ provider }) => provider === 'cuda');
  if (machine.gpus.length === 0 || asked !== null || !cuda || cuda.available) return null;
  return { name: 'provider', provider: 'cuda', ok: false, error: cuda.reason, seconds: 0 };
}

const idleMemory = usedGpuMemory();
const memory = followUsedMemory(Math.max(1, machine.gpus.length));
const missing = missingCuda();
if (missing) tell(missing);
for (const provider of places) {
  for (const check of chosen) {
    tell(await one(check, provider));
    await keepIfPossible();
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
const isWrong = results.some(({ ok }) => ok === false);
if (flags.json) console.log(JSON.stringify({ machine, checks: results }));
else if (places.length > 0) for (const text of ending(results)) console.log(text);
process.exitCode = isWrong ? 1 : places.length === 0 ? 2 : 0;
