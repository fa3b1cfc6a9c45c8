import { join, parse, resolve } from 'node:path';

import { describeCaptioner } from '../../../native/captioning/captioner-files.ts';
import type { CaptioningOptions } from '../../../native/facts/captioning.ts';
import { Failure } from '../../../native/failure.ts';
import { writeFileAtomic } from '../../../native/files/atomic-file.ts';
import { exists } from '../../../native/files/exists.ts';
import type { CaptionJob, JobEvent } from '../../../native/jobs.ts';
import type { DeviceChoice } from '../../../native/runtime/runtime.ts';
import { isImageName } from '../../contract/file-kinds.ts';
import { countOf } from '../../contract/quantities.ts';
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
  const images = files.filter(({ id }) => isImageName(id)).map(({ path }) => path);
  if (images.length === 0) {
    throw new Failure(
      'dataset-empty',
      `There is no image in ${folder}.`,
      'Give a folder with png, jpg, webp, bmp, gif, avif or tiff images in it or in its subfolders.',
    );
  }
  const open: string[] = [];
  for (const path of images) if (command.overwrite || !(await exists(textFile(path)))) open.push(path);
  const there = images.length - open.length;
  if (there > 0) terminal.line(`${countOf(there, 'image')} with a caption already, left as they are.`);
  if (open.length === 0) {
    terminal.object({ captions: 0, failed: 0, left: there });
    return exitCodes.ok;
  }

  const job: CaptionJob = {
    ...{ kind: 'caption', model, options: command.options, pictures: open, device: command.device },
  };
  const follower = terminal.follow({});
  let written: Promise<unknown> = Promise.resolve();
  let [done, failed] = [0, 0];
  const onEvent = (event: JobEvent): void => {
    if (event.type !== 'captions') {
      follower.event(event);
      return;
    }
    for (const caption of event.captions) {
      const path = open[caption.index]!;
      done += 1;
      if ('text' in caption) {
        written = written.then(() => writeFileAtomic(textFile(path), `${caption.text}\n`));
        written.catch(() => undefined);
      } else {
        failed += 1;
        terminal.warn(`${caption.failure.message} ${caption.failure.hint}`);
      }
    }
    follower.event({ type: 'progress', phase: 'captioning', done, total: open.length });
  };
  const onStop = () => {
    terminal.warn('Stopping after these images … (press Ctrl-C again to stop at once)');
  };
  const interrupted = await withInterrupts(onStop, async ({ stop, kill }) => {
    await engine.run(job, { onEvent, onLog: terminal.log, stop, kill });
    return stop.aborted;
  }).finally(async () => {
    follower.end();
    await written;
  });
  terminal.line(`${countOf(done - failed, 'caption')} written beside the images.`);
  terminal.object({ captions: done - failed, failed, left: there });
  if (interrupted) return exitCodes.interrupted;
  return failed > 0 ? exitCodes.failure : exitCodes.ok;
}

/** Where an image's caption is looked for, by this program as by others. */
function textFile(image: string): string {
  const { dir, name } = parse(image);
  return join(dir, `${name}.txt`);
}
