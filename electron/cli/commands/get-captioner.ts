import { usualCaptioning } from '../../../native/facts/captioning.ts';
import { Failure } from '../../../native/failure.ts';
import type { CaptionJob } from '../../../native/jobs.ts';
import { bytesText, countOf } from '../../contract/quantities.ts';
import { downloadAddress, mirrored } from '../../downloads/addresses.ts';
import { createHttpGet } from '../../downloads/http-get.ts';
import { keptToken } from '../../downloads/part-file.ts';
import { fetchParts, partsOf, standing } from '../../downloads/parts.ts';
import type { PublishedCaptioner } from '../../downloads/published-captioners.ts';
import { hub } from '../../downloads/starters.ts';
import { bring } from './bring.ts';
import {
  type Brought,
  type BroughtCaptioners,
  broughtOf,
  createBroughtCaptioners,
  removeBrought,
  stateOf,
} from './brought-captioners.ts';
import { planCaptioner } from './captioner-plan.ts';
import { type CommandContext, type ExitCode, exitCodes } from './context.ts';
import type { GetOptions, GetPlace } from './get-options.ts';

/**
 * Brings a captioning model into a folder, opens it, and says where it lies. Ctrl-C pauses: the same command goes on, with the
 * files that were asked for the first time, or those of another mirror where one is named.
 * @param what one of the list, or the address of one
 */
export async function getCaptioner(
  { terminal, workingFolder, engine }: CommandContext,
  what: PublishedCaptioner | string,
  options: GetOptions,
  { environment, configFolder }: GetPlace,
): Promise<ExitCode> {
  const get = createHttpGet({ proxy: options.proxy ?? null, environment });
  const mirror = options.mirror ?? environment.HF_ENDPOINT;
  const text = typeof what === 'string' ? what.trim() : what.address;
  const address = downloadAddress(mirrored(text, mirror), false);
  const ofHub = address.origin === hub ? environment.HF_TOKEN : undefined;
  const given = options.token ?? ofHub ?? null;
  const brought = createBroughtCaptioners(configFolder);
  const plan = await planCaptioner(
    { what, mirror, out: options.out, token: given, workingFolder },
    { get, brought },
  );
  const { folder } = plan;
  let there: Brought;
  if ('there' in plan) {
    terminal.line(`It is there already: ${folder}`);
    ({ there } = plan);
  } else {
    const { record, records } = plan;
    const parts = partsOf(record, folder);
    const token = given ?? (await keptToken(folder));
    await records.write(record);
    const isWhole = await bring(get, terminal, async (deps) => {
      await fetchParts(parts, token, deps);
      const { done } = await standing(parts);
      return `${folder}: ${bytesText(done)} in ${countOf(parts.requests.length, 'file')}`;
    });
    if (!isWhole) return exitCodes.interrupted;
    const paths = (record.files ?? []).map(({ path }) => path);
    there = await broughtOf(record.id, folder, paths);
    await brought.note(there);
    await records.remove(record.id);
  }
  // What does not open is no captioner, and is told here rather than when a thousand images wait.
  const job: CaptionJob = {
    kind: 'caption',
    model: folder,
    options: usualCaptioning,
    pictures: [],
    device: {},
  };
  try {
    await engine.run(job, { onLog: terminal.log });
  } catch (error) {
    throw isOfModel(error) ? await thrownAway(error, there, brought) : error;
  }
  terminal.object({ folder });
  terminal.line(`Caption with it: screenfold caption ${folder} <your images>`);
  return exitCodes.ok;
}

/** Whether it is the model that fails, rather than the engine or the machine. */
function isOfModel(error: unknown): error is Failure {
  return error instanceof Failure && (error.code.startsWith('captioner-') || error.code === 'graph-refused');
}

/** What came and does not open goes, so that the same command fetches it anew; what somebody changed since is theirs. */
async function thrownAway(
  { code, message, hint, cause }: Failure,
  there: Brought,
  brought: BroughtCaptioners,
): Promise<Failure> {
  if ((await stateOf(there)) !== 'as it came') {
    const changed = `Its files were changed after they were downloaded. Move ${there.folder} away, and the same command fetches them anew.`;
    return new Failure(code, message, changed, cause);
  }
  await removeBrought(there);
  await brought.forget(there.folder);
  return new Failure(
    code,
    `${message} What was downloaded was removed: ${there.folder}`,
    `The same command fetches it anew. If it fails again, the model cannot be used here. ${hint}`,
    cause,
  );
}
