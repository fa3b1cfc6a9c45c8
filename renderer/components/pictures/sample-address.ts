import type { Sample } from '../../../electron/contract/gallery.ts';
import { media } from '../../studio/media.ts';

/** Where a finished picture is; named so that the browser need not ask about it twice. */
export function sampleAddress({ id, createdAt }: Pick<Sample, 'id' | 'createdAt'>): string {
  return `${media.sample(id)}?v=${createdAt}`;
}
