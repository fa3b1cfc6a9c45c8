/**
 * Holds that the bytes a checkout's engine writes are those that another wrote. Trains, draws and exports tiny models, and
 * writes the SHA-256 of every file that comes of it, or compares them with those written before:
 *
 *     node scripts/pin-runs.ts --out pins.json
 *     node scripts/pin-runs.ts --against pins.json
 *
 * It goes by `runJob` and the jobs' plain data alone, so `--project <checkout>` can be one from before a change, and the
 * script one from after it. `--without artifacts` leaves a section of the pins out, `--folder <folder>` keeps everything
 * that was made in a new folder, for whoever wants to know what differs in a file. Bytes may differ between processors and
 * versions of ONNX Runtime: pins hold on the machine they were made on.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import { messageOf } from '../native/failure.ts';
import type { Job, JobContext, JobResult, TrainJob } from '../native/jobs.ts';
import { makeInputs } from './pin-runs/inputs.ts';
import { pinnedExports, pinnedPictures, runOnExport } from './pin-runs/products.ts';
import { type PinnedRun, pinnedRuns } from './pin-runs/runs.ts';

type RunJob = (job: Job, context: JobContext) => Promise<JobResult>;
/** By path below the folder that all is made in. */
type Section = Readonly<Record<string, string>>;

interface Pins {
  readonly made: Readonly<Record<string, string>>;
  /** What runs begin with. */
  readonly inputs: Section;
  /** Checkpoints, states, metrics without times, pictures and exports. */
  readonly files: Section;
  /** Training graphs: what they compute is pinned by the files; how they compute it may be changed. */
  readonly artifacts: Section;
  /** Latents and text embeddings, whose names say of what. */
  readonly cache: Section;
  /** Of every step and epoch, for seeing how far apart two runs are. */
  readonly losses: Section;
}
const sections = ['inputs', 'files', 'artifacts', 'cache', 'losses'] as const;

const { values: options } = parseArgs({
  options: {
    project: { type: 'string', default: fileURLToPath(new URL('..', import.meta.url)) },
    out: { type: 'string' },
    against: { type: 'string' },
    without: { type: 'string', multiple: true, default: [] },
    folder: { type: 'string' },
  },
});
if (options.out === undefined && options.against === undefined)
  throw new Error('Say --out <file> to write pins or --against <file> to compare with them.');
// Before a minute goes into it.
const before =
  options.against === undefined ? null : (JSON.parse(await readFile(options.against, 'utf8')) as Pins);

const folder = path.resolve(options.folder ?? (await mkdtemp(path.join(tmpdir(), 'screenfold-pins-'))));
await mkdir(folder, { recursive: true });
if ((await readdir(folder)).length > 0) throw new Error(`${folder} is not empty.`);
try {
  const failures: string[] = [];
  const pins = await makePins(path.resolve(options.project), folder, failures);
  if (failures.length > 0) {
    console.log(`Failed:\n  ${failures.join('\n  ')}`);
    process.exitCode = 1;
  } else if (options.out !== undefined) await writeFile(options.out, `${JSON.stringify(pins, null, 2)}\n`);
  if (before !== null && !isSame(before, pins, options.without)) process.exitCode = 1;
} finally {
  if (options.folder === undefined) await rm(folder, { recursive: true });
}

/** @param failures is told what could not be made; the rest is made nevertheless */
async function makePins(project: string, root: string, failures: string[]): Promise<Pins> {
  const entry = pathToFileURL(path.join(project, 'native', 'run-job.ts')).href;
  const { runJob } = (await import(entry)) as { readonly runJob: RunJob };
  const inputs = await makeInputs(root, project);
  const stopped: Record<string, string> = {};
  const attempt = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    const started = performance.now();
    try {
      await work();
    } catch (error) {
      failures.push(`${what}: ${messageOf(error)}`);
    }
    console.error(`${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s  ${what}`);
  };
  const train = async (run: PinnedRun): Promise<void> => {
    await runJob(run.job, quietly());
    if (run.stopAfter !== undefined) Object.assign(stopped, await resumeLikewise(runJob, run, run.stopAfter));
  };
  for (const run of pinnedRuns(root, inputs)) await attempt(run.name, () => train(run));
  for (const job of pinnedExports(root, inputs))
    await attempt(`export ${path.basename(job.output)}`, () => runJob(job, quietly()));
  const last = runOnExport(root, inputs);
  await attempt(last.name, () => train(last));
  for (const job of pinnedPictures(root, inputs))
    await attempt(`pictures ${path.basename(path.dirname(job.pictures[0]!.output))}`, () =>
      runJob(job, quietly()),
    );

  const runs = await hashFolder(path.join(root, 'runs'), 'runs/');
  const isArtifact = (name: string): boolean => name.includes('/artifacts/');
  return {
    made: await machine(),
    inputs: {
      ...(await hashFolder(path.join(root, 'bases'), 'bases/')),
      ...(await hashFolder(inputs.bases.seedling, 'seedling/')),
      ...(await hashFolder(path.join(root, 'images'), 'images/')),
      ...(await hashFolder(path.join(root, 'wide images'), 'wide images/')),
    },
    files: {
      ...pick(runs, (name) => !isArtifact(name)),
      ...stopped,
      ...(await hashFolder(path.join(root, 'exports'), 'exports/')),
      ...(await hashFolder(path.join(root, 'pictures'), 'pictures/')),
    },
    artifacts: pick(runs, isArtifact),
    cache: await hashFolder(path.join(root, 'cache'), ''),
    losses: await readLosses(path.join(root, 'runs')),
  };
}

/** Trains again with a stop in between, and throws where that makes a difference; the pins of what the stop left. */
async function resumeLikewise(runJob: RunJob, { name, job }: PinnedRun, step: number): Promise<Section> {
  const again: TrainJob = { ...job, folder: path.join(job.folder, '..', '..', 'resumed', name) };
  const stop = new AbortController();
  const result = await runJob(again, {
    emit: (event) => {
      if (event.type === 'step' && event.step === step) stop.abort();
    },
    stop: stop.signal,
  });
  if (result.kind !== 'train' || result.end !== 'stopped' || result.step !== step)
    throw new Error(`${name} did not stop after step ${step}: ${JSON.stringify(result)}.`);
  const left = await hashFolder(again.folder, `stopped/${name}/`);
  await runJob(again, quietly());
  const differences = compare(await hashFolder(job.folder, ''), await hashFolder(again.folder, ''));
  if (differences.length > 0) throw new Error(`${name} resumed is another:\n${differences.join('\n')}`);
  return pick(left, (file) => !file.includes('/artifacts/'));
}

function quietly(): JobContext {
  return { emit: () => undefined, stop: new AbortController().signal };
}

/** SHA-256 of every file below a folder, of the logs without what the clock decides. */
async function hashFolder(of: string, prefix: string): Promise<Section> {
  const entries = await readdir(of, { recursive: true, withFileTypes: true }).catch(() => []);
  const hashes: [string, string][] = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const content = entry.name === 'metrics.jsonl' ? await timelessLog(file) : await readFile(file);
    const name = prefix + path.relative(of, file).split(path.sep).join('/');
    hashes.push([name, createHash('sha256').update(content).digest('hex')]);
  }
  return Object.fromEntries(hashes.sort(([a], [b]) => (a < b ? -1 : 1)));
}

interface Metric {
  readonly type: string;
  readonly seconds?: number;
}

async function readMetrics(file: string): Promise<readonly Metric[]> {
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Metric);
}

async function timelessLog(file: string): Promise<string> {
  return (await readMetrics(file))
    .map((metric) => JSON.stringify('seconds' in metric ? { ...metric, seconds: 0 } : metric))
    .join('\n');
}

async function readLosses(runs: string): Promise<Section> {
  const losses: Record<string, string> = {};
  for (const name of (await readdir(runs)).sort()) {
    const metrics = await readMetrics(path.join(runs, name, 'metrics.jsonl')).catch(() => []);
    const lossOf = (metric: Partial<Record<string, unknown>>): unknown =>
      metric.type === 'step'
        ? metric.loss
        : `[${String(metric.trainLoss)}, ${String(metric.validationLoss)}]`;
    losses[name] = metrics.map((metric) => String(lossOf({ ...metric }))).join(' ');
  }
  return losses;
}

/** What bytes may depend on besides the sources. */
async function machine(): Promise<Pins['made']> {
  const information = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const field = (name: string): string =>
    new RegExp(String.raw`^${name}\s*:\s*(.*)$`, 'm').exec(information)?.[1] ?? '';
  const numbers = ['cpu family', 'model', 'stepping'].map((name) => `${name} ${field(name)}`).join(', ');
  return {
    processor: `${cpus()[0]?.model ?? 'unknown'} (${numbers})`,
    instructions: field('flags')
      .split(' ')
      .filter((flag) => /^(avx|amx|fma|sse4)/.test(flag))
      .join(' '),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
  };
}

function isSame(expected: Pins, found: Pins, without: readonly string[]): boolean {
  const elsewhere = compare(expected.made, found.made);
  if (elsewhere.length > 0)
    console.log(`The pins were made elsewhere, where bytes may differ:\n  ${elsewhere.join('\n  ')}`);
  let same = true;
  for (const section of sections) {
    if (without.includes(section)) continue;
    const differences = compare(expected[section], found[section]);
    const count = Object.keys(expected[section]).length;
    if (differences.length === 0) console.log(`${section}: all ${count} as pinned`);
    else console.log(`${section}: ${differences.length} differ of ${count}\n  ${differences.join('\n  ')}`);
    same &&= differences.length === 0;
  }
  return same;
}

function compare(expected: Section, found: Section): readonly string[] {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])].sort();
  return names.flatMap((name) => {
    if (!(name in found)) return [`${name} is missing`];
    if (!(name in expected)) return [`${name} was not there`];
    if (expected[name] === found[name]) return [];
    return [`${name} is another: ${found[name]!} instead of ${expected[name]!}`];
  });
}

function pick(section: Section, isWanted: (name: string) => boolean): Section {
  return Object.fromEntries(Object.entries(section).filter(([name]) => isWanted(name)));
}
