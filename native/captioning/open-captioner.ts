import type { Runtime } from '../runtime/runtime.ts';
import type { Captioner } from './captioner.ts';
import { findCaptioner } from './captioner-files.ts';
import { openTagger } from './tagger.ts';
import { openWriter } from './writer.ts';

/**
 * A captioning model from its folder, whatever its kind.
 * @throws Failure those of `findCaptioner`, `captioner-unsupported`, `captioner-tags`, `captioner-unreadable`, `out-of-memory`
 */
export async function openCaptioner(runtime: Runtime, folder: string): Promise<Captioner> {
  const files = await findCaptioner(folder);
  return files.kind === 'tagger' ? openTagger(runtime, files) : openWriter(runtime, files);
}
