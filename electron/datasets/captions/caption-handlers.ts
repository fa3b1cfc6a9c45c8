import type { HandlersOf } from '../../contract/api.ts';
import type { DatasetDomain } from '../domain.ts';
import type { ImageSelection } from '../images/image-selection.ts';
import type { Journal } from '../journal.ts';
import { createCaptionChanges } from './caption-changes.ts';
import { captionSetHandlers } from './caption-set-handlers.ts';
import { captionTextHandlers } from './caption-text-handlers.ts';
import { createCaptionWriter } from './caption-writer.ts';
import type { CaptioningRecords } from './captioning-records.ts';

/** Caption sets and all that changes captions: each change a transaction, with its entry in the journal. */
export function captionHandlers(
  domain: DatasetDomain,
  journal: Journal,
  selection: ImageSelection,
  captioning: CaptioningRecords,
  onCaptioning: () => void,
): HandlersOf<'captions'> {
  const changing = createCaptionChanges(domain, journal);
  const write = createCaptionWriter(domain.database);
  return {
    ...captionSetHandlers(domain, changing, write, captioning, onCaptioning),
    ...captionTextHandlers(domain, changing, write, selection),
  };
}
