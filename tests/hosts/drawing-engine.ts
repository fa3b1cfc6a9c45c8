import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import sharp from 'sharp';

import type { Engine } from '../../electron/engine/engine.ts';
import { checkpointsName, epochName, metricsName } from '../../native/facts/run-folder.ts';
import type { Job, JobEvent, TrainJob } from '../../native/jobs.ts';
import { writeWeights } from '../runs/example-run.ts';

/**
 * An engine without a model: it leaves checkpoints where training would, and paints pictures in a colour of their
 * checkpoint. It remembers its jobs.
 */
export function drawingEngine(end: 'finished' | 'stopped' = 'finished'): {
  readonly engine: Engine;
  readonly jobs: Job[];
} {
  const jobs: Job[] = [];
  const run = async (
    job: Job,
    { onEvent = () => undefined }: { onEvent?: (event: JobEvent) => void } = {},
  ) => {
    jobs.push(job);
    switch (job.kind) {
      case 'train':
        return train(job, end, onEvent);
      case 'generate':
        for (const [index, { output, width, height, model }] of job.pictures.entries()) {
          const epoch = Number(/epoch-(\d+)/.exec(model.checkpoint ?? '')?.[1] ?? 0);
          const background = { r: 250 - 2 * epoch, g: 120, b: 60 };
          await sharp({ create: { width, height, channels: 3, background } })
            .png()
            .toFile(output);
          onEvent({ type: 'picture', index, output });
        }
        return { kind: 'generate', pictures: job.pictures.length, seconds: 1 };
      case 'export':
        writeWeights(job.output);
        return { kind: 'export', output: job.output, bytes: 1000 };
      case 'info':
        return {
          kind: 'info',
          runtime: 'ONNX Runtime 1.30.0',
          providers: [
            { provider: 'cuda', available: false, reason: 'no driver' },
            { provider: 'cpu', available: true, reason: '2 threads' },
          ],
          notes: ['CUDA is not used: no driver'],
          model: null,
        };
    }
  };
  return { engine: { run: run as Engine['run'] }, jobs };
}

function train(job: TrainJob, end: 'finished' | 'stopped', onEvent: (event: JobEvent) => void): object {
  const { epochs, checkpointEpochs } = job.settings;
  const metrics: string[] = [];
  const done = end === 'finished' ? epochs : 1;
  for (let epoch = 1; epoch <= done; epoch++) {
    const [trainLoss, validationLoss] = [1 / epoch, 2 / epoch];
    onEvent({
      type: 'step',
      epoch,
      step: epoch,
      totalSteps: epochs,
      loss: trainLoss,
      gradientNorm: 1,
      learningRate: 1,
      seconds: 0.1,
      images: 2,
    });
    onEvent({ type: 'epoch', epoch, trainLoss, validationLoss });
    metrics.push(JSON.stringify({ type: 'epoch', epoch, trainLoss, validationLoss }));
    if (checkpointEpochs.includes(epoch)) writeWeights(join(job.folder, checkpointsName, epochName(epoch)));
  }
  mkdirSync(job.folder, { recursive: true });
  writeFileSync(join(job.folder, metricsName), metrics.join('\n'));
  return { kind: 'train', end, step: done, epoch: done, trainLoss: 1 / done, validationLoss: 2 / done };
}
