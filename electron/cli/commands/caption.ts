import { dirname, resolve } from 'node:path';

import { describeCaptioner } from '../../../native/captioning/captioner-files.ts';
import type { CaptioningOptions } from '../../../native/facts/captioning.ts';
import { Failure } from '../../../native/failure.ts';
import {
  removeAbandonedWrites,
  writeFileAtomic,
  writeNewFileAtomic,
} from '../../../native/files/atomic-file.ts';
import type { CaptionJob, JobEvent } from '../../../native/jobs.ts';
import type { DeviceChoice } from '../../../native/runtime/runtime.ts';
import { countOf } from '../../contract/quantities.ts';
import { type CaptionPlace, captionPlaces } from '../../datasets/files/caption-places.ts';
import { scanFolder } from '../../datasets/files/folder-scan.ts';
import { withInterrupts } from '../interrupts.ts';
import { type CommandContext, type ExitCode, exitCodes } from './context.ts';

export interface CaptionCommand {
  /** The folder of a captioning model. */
  readonly model: string;
  /** A folder of images, and those below it. */
  readonly images: string;
  readonly options: CaptioningOptions;
  /** Captions that are there already, too. */
  readonly overwrite: boolean;
  readonly device: DeviceChoice;
}

/**
 * Captions the images of a folder into text files beside them, where other tools look for them. Each is there whole or not at
 * all, and what is there is left, so that the same words typed again go on where it broke off.
 */
export async function captionCommand(context: CommandContext, command: CaptionCommand): Promise<ExitCode> {
  const { terminal, workingFolder, engine } = context;
  const model = resolve(workingFolder, command.model);
  // A mistyped folder is told before the images are looked through.
  await describeCaptioner(model);
  const folder = resolve(workingFolder, command.images);
  const { files } = await scanFolder(folder);
  const places = await captionPlaces(folder, files);
  if (places.length === 0) {
    throw new Failure(
      'dataset-empty',
      `There is no image in ${folder}.`,
      'Give a folder with png, jpg, webp, bmp, gif, avif or tiff images in it or in its subfolders.',
    );
  }
  for (const beside of new Set(places.map(({ file }) => dirname(file)))) await removeAbandonedWrites(beside);
  const open = places.filter(({ isCaptioned }) => command.overwrite || !isCaptioned);
  const there = places.length - open.length;
  if (there > 0) terminal.line(`${countOf(there, 'image')} with a caption already, left as they are.`);
  if (open.length === 0) {
    terminal.object({ captions: 0, failed: 0, left: there });
    return exitCodes.ok;
  }

  const job: CaptionJob = {
    ...{ kind: 'caption', model, options: command.options, device: command.device },
    pictures: open.map(({ image }) => image),
  };
  const follower = terminal.follow({});
  const writer = captionWriter(command.overwrite);
  let [done, failed] = [0, 0];
  const onEvent = (event: JobEvent): void => {
    if (event.type !== 'captions') {
      follower.event(event);
      return;
    }
    for (const caption of event.captions) {
      done += 1;
      if ('text' in caption) writer.write(open[caption.index]!, `${caption.text}\n`);
      else {
        failed += 1;
        terminal.warn(`${sentence(caption.failure.message)} ${caption.failure.hint}`);
      }
    }
    follower.event({ type: 'progress', phase: 'captioning', done, total: open.length });
  };
  const onStop = () => {
    terminal.warn('Stopping after these images … (press Ctrl-C again to stop at once)');
  };
  const interrupted = await withInterrupts(onStop, async ({ stop, kill }) => {
    const either = AbortSignal.any([stop, writer.broken]);
    await engine.run(job, { onEvent, onLog: terminal.log, stop: either, kill });
    return stop.aborted;
  }).finally(async () => {
    follower.end();
    const { captions, taken } = await writer.end();
    if (taken > 0) {
      terminal.line(
        `${countOf(taken, 'image')} given a caption by somebody else meanwhile, left as they are.`,
      );
    }
    terminal.line(`${countOf(captions, 'caption')} written beside the images.`);
  });
  const { broken, ...written } = await writer.end();
  if (broken !== null) throw broken;
  terminal.object({ captions: written.captions, failed, left: there + written.taken });
  if (interrupted) return exitCodes.interrupted;
  return failed > 0 ? exitCodes.failure : exitCodes.ok;
}

interface Written {
  readonly captions: number;
  /** Why no more were written; null where all were. */
  readonly broken: Error | null;
  /** Images that had a caption by the time that theirs was to be written. */
  readonly taken: number;
}

/** Writes captions one after the other. The first that cannot be written is the last that is tried. */
function captionWriter(overwrite: boolean) {
  const stop = new AbortController();
  let [captions, taken] = [0, 0];
  let broken: Error | null = null;
  let last: Promise<void> = Promise.resolve();
  const put = async ({ file }: CaptionPlace, text: string): Promise<void> => {
    if (broken !== null) return;
    try {
      if (overwrite) await writeFileAtomic(file, text);
      else if (!(await writeNewFileAtomic(file, text))) {
        taken += 1;
        return;
      }
      captions += 1;
    } catch (error) {
      broken = error as Error;
      stop.abort();
    }
  };
  return {
    /** Aborted where nothing more is written. */
    broken: stop.signal,
    write: (place: CaptionPlace, text: string): void => {
      last = last.then(() => put(place, text));
    },
    end: async (): Promise<Written> => {
      await last;
      return { captions, taken, broken };
    },
  };
}

/** What is wrong with a picture may be told without a full stop, and its hint comes after it. */
function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}
