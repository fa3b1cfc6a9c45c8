import type { StudioClient } from '../../../electron/connection/client.ts';
import { StudioFailure } from '../../../electron/connection/studio-failure.ts';

/** Adds a file of a model or of a LoRA, whichever it is. Gives the address it then has. Throws StudioFailure. */
export async function addModelFile(studio: Pick<StudioClient, 'call'>, path: string): Promise<string> {
  try {
    await studio.call('loras.add', { path });
    return '/models/loras';
  } catch (error) {
    // What it is instead, or what is wrong with it, is said by what takes models.
    if (!(error instanceof StudioFailure)) throw error;
    return `/models/${(await studio.call('models.add', { path })).modelId}`;
  }
}
