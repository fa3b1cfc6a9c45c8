import type { MethodName } from '../../electron/contract/api.ts';
import type { Subject } from '../../electron/contract/system.ts';

/** Which queries tell of a subject. */
const queriesBySubject: Readonly<Record<Subject, readonly MethodName[]>> = {
  datasets: ['datasets.list', 'datasets.get', 'datasets.problems', 'runs.defaults'],
  images: [
    'datasets.list',
    'datasets.get',
    'datasets.images',
    'datasets.imageIds',
    'datasets.image',
    'datasets.duplicates',
    'datasets.buckets',
    'captions.sets',
    'captions.tags',
    'runs.plan',
  ],
  captions: [
    'captions.sets',
    'captions.tags',
    'captions.previewReplace',
    'datasets.get',
    'datasets.images',
    'datasets.imageIds',
    'datasets.image',
    'runs.plan',
  ],
  runs: [
    'runs.list',
    'runs.defaults',
    'runs.get',
    'runs.metrics',
    'runs.progressNow',
    'runs.log',
    'runs.plan',
    'gallery.comparison',
  ],
  models: ['models.list', 'models.get', 'runs.defaults', 'runs.plan'],
  exports: ['exports.list', 'exports.card'],
  settings: ['system.settings', 'runs.defaults'],
  system: ['system.info'],
};

export function methodsAbout(subject: Subject): readonly MethodName[] {
  return queriesBySubject[subject];
}
