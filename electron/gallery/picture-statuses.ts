import type { Failure } from '../../native/failure.ts';
import type { Publish } from '../contract/api.ts';
import { failureData } from '../contract/failure-data.ts';
import { sampleOf, type SampleRecord, type SampleRecords } from './sample-records.ts';

/** What has become of pictures, in the library and on the pages. */
export interface PictureStatuses {
  readonly is: (id: number, status: SampleRecord['status']) => boolean;
  readonly set: (id: number, status: SampleRecord['status']) => void;
  readonly fail: (id: number, failure: Failure) => void;
  /** How many wait and how many are being made. */
  readonly showQueue: () => void;
}

export function createPictureStatuses(records: SampleRecords, publish: Publish): PictureStatuses {
  const tell = (id: number) => {
    const sample = records.find(id);
    if (sample !== null) publish('gallery.sample', sampleOf(sample));
  };
  return {
    is: (id, status) => records.find(id)?.status === status,
    set: (id, status) => {
      records.setStatus(id, status);
      tell(id);
    },
    fail: (id, failure) => {
      records.setStatus(id, 'failed', failureData(failure));
      tell(id);
    },
    showQueue: () => {
      publish('gallery.queue', records.counts());
    },
  };
}
