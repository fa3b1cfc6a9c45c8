import type { DatasetDomain } from '../domain.ts';
import type { Change, Journal } from '../journal.ts';

/** Does one change of a data set's captions, in a transaction, which can be undone under its label. */
export type ChangeCaptions = <T>(datasetId: number, label: string, work: (change: Change) => T) => T;

export function createCaptionChanges(domain: DatasetDomain, journal: Journal): ChangeCaptions {
  return (datasetId, label, work) => {
    const result = domain.database.transaction(() => {
      const change = journal.begin(datasetId, label);
      const value = work(change);
      change.end();
      return value;
    })();
    domain.changed(datasetId, 'captions', 'datasets', 'images');
    return result;
  };
}
