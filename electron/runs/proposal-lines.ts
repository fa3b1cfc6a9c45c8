import { countOf, settingNumberText } from '../contract/quantities.ts';
import type { Because, Proposed } from './propose-run.ts';

const keyNames: Readonly<Record<string, string>> = {
  'method.kind': 'method',
  'data.validation': 'held out',
  'train.learningRate': 'learning rate',
  'train.schedule': 'schedule',
  'train.warmupSteps': 'warm-up steps',
  'train.emaDecay': 'EMA decay',
  'train.minSnrGamma': 'min-SNR gamma',
  'train.batchSize': 'batch size',
  'train.epochs': 'epochs',
  'train.checkpoints': 'checkpoints',
  'samples.prompts': 'prompts',
  'samples.seeds': 'seeds',
  'samples.guidanceScale': 'guidance',
};

function valueText(value: unknown): string {
  if (typeof value === 'number') return settingNumberText(value);
  return Array.isArray(value)
    ? value
        .map((each) => (typeof each === 'object' ? `“${(each as { prompt: string }).prompt}”` : String(each)))
        .join(', ')
    : String(value);
}

/** Where the values come from that nobody wrote, a line for each reason. */
export function proposalLines(proposed: readonly Proposed[], images: number): readonly string[] {
  const reasons: Readonly<Record<Because, string>> = {
    base: 'for a base of this size',
    card: 'as the base’s card says',
    images: `for ${countOf(images, 'image')}`,
    marks: 'as the metadata marks them',
    sample: 'as the sample’s own run file says',
  };
  return [...Map.groupBy(proposed, ({ because }) => because)].map(
    ([because, all]) =>
      `proposed ${reasons[because]}: ${all.map(({ key, value }) => `${keyNames[key] ?? key} ${valueText(value)}`).join(', ')}`,
  );
}
