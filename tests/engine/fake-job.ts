import type { GenerateJob } from '../../native/jobs.ts';

/** A job that makes the fake engine behave as named. */
export function fakeJob(behaviour: string, output = ''): GenerateJob {
  return {
    kind: 'generate',
    batchSize: 1,
    device: {},
    pictures: [
      {
        model: { base: '' },
        prompt: behaviour,
        negativePrompt: '',
        seed: 0,
        sampler: 'ddim',
        steps: 1,
        guidanceScale: 1,
        width: 64,
        height: 64,
        output,
      },
    ],
  };
}
