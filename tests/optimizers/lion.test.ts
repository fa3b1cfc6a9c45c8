import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { usualSettings } from '../../native/facts/optimizers.ts';
import type { TrainJob } from '../../native/jobs.ts';
import { lion } from '../../native/optimizers/lion.ts';
import { stateKinds, type UpdateRule } from '../../native/optimizers/optimizer.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Tensor } from '../../native/runtime/runtime.ts';
import { createStepper } from '../../native/training/stepper.ts';
import { openSafetensors } from '../../native/weights/safetensors.ts';
import { maxDifference } from '../graph/evaluate.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { type Fixture, readFixture } from '../reference/fixture.ts';
import { drawImages, hashTree, stepsOf, tinyJob, trainHere, writeTinyModel } from '../training/tiny-model.ts';

const steps = 20;

// Reference: lion-pytorch, by tests/reference/lion.py.
describe.each(['c-api', 'node'] as const)('Lion through the %s runtime', (api) => {
  const array = ({ tensors }: Fixture, name: string): Float32Array<ArrayBuffer> =>
    tensors.get(name)!.data.slice() as Float32Array<ArrayBuffer>;

  test('follows lion-pytorch for twenty steps, within 1e-4', async () => {
    const reference = await readFixture('lion');
    const trainable = [...reference.tensors].flatMap(([name, { shape }]) =>
      name.startsWith('initial.') ? [{ name: name.slice('initial.'.length), shape }] : [],
    );
    expect(trainable).toHaveLength(4);
    const optimizer = lion({ kind: 'lion', beta1: 0.9, beta2: 0.99, weightDecay: 0.1 });
    const rule: UpdateRule = { optimizer, maxGradientNorm: 1, ema: false };
    const runtime = await chooseRuntime({ provider: 'cpu', api, threads: 1 });
    const tensors = new Map<string, Map<string, Tensor>>();
    const kinds = [...stateKinds(rule), 'gradient'];
    for (const kind of kinds)
      tensors.set(
        kind,
        new Map(
          trainable.map(({ name, shape }) => {
            const first = array(reference, `initial.${name}`);
            return [name, runtime.tensor('float32', shape, kind === 'parameter' ? first : first.fill(0))];
          }),
        ),
      );
    const gradient = tensors.get('gradient')!;
    const stepper = await createStepper({
      runtime,
      trainable,
      rule,
      state: { kept: tensors, gradient, scratch: new Map() },
      onePass: null,
      accumulate: false,
    });

    const rates = array(reference, 'learning_rate');
    const norms: number[] = [];
    for (let step = 0; step < steps; step++) {
      for (const { name } of trainable) {
        const given = array(reference, `gradient.${name}`);
        const size = given.length / steps;
        gradient.get(name)!.write(given.slice(step * size, (step + 1) * size));
      }
      norms.push(await stepper.update(step + 1, rates[step]!, 0, 1));
    }
    // Of numbers of about 10; the weights have gone by up to 1e-2, and a sign that differed would show as 1e-4 at the least.
    expect(maxDifference(norms, array(reference, 'gradient_norm'))).toBeLessThan(1e-5);
    for (const [kind, prefix] of [
      ['parameter', 'final.'],
      ['momentum', 'momentum.'],
    ] as const)
      for (const [name, tensor] of tensors.get(kind)!) {
        const expected = array(reference, prefix + name);
        const found = await tensor.read(new Float32Array(expected.length));
        expect(maxDifference(found as Float32Array, expected), prefix + name).toBeLessThan(1e-4);
      }
    await stepper.dispose();
    await runtime.dispose();
  });
});

describe('a run with Lion', () => {
  const folder = temporaryFolder();
  let images: Awaited<ReturnType<typeof drawImages>>;
  beforeAll(async () => {
    await writeTinyModel(join(folder.path, 'base'));
    images = await drawImages(join(folder.path, 'images'), 4);
  });

  const job = (name: string): TrainJob =>
    tinyJob(
      { folder: join(folder.path, name, 'run'), base: join(folder.path, 'base'), images },
      {
        epochs: 3,
        checkpointEpochs: [1, 3],
        emaDecay: 0.9,
        learningRate: 2e-4,
        optimizer: usualSettings('lion'),
      },
    );

  const filesOf = async ({ folder: run }: TrainJob): Promise<Record<string, string>> => {
    const { 'metrics.jsonl': _, ...files } = await hashTree(run);
    return files;
  };

  test('stopped and resumed ends with the bytes of one that was left alone', async () => {
    const { events } = await trainHere(job('whole'));
    expect(stepsOf(events)).toHaveLength(6);
    const stop = new AbortController();
    const { result } = await trainHere(
      job('stopped'),
      (event) => {
        if (event.type === 'step' && event.step === 3) stop.abort();
      },
      stop.signal,
    );
    expect(result.end).toBe('stopped');
    const state = join(job('stopped').folder, 'state', 'step-00000003', 'tensors.safetensors');
    const opened = await openSafetensors(state);
    await opened.close();
    expect(new Set([...opened.tensors.keys()].map((name) => name.split('/')[0]))).toEqual(
      new Set(['parameter', 'momentum', 'ema']),
    );
    await trainHere(job('stopped'));

    const expected = await filesOf(job('whole'));
    expect(Object.keys(expected).filter((name) => name.endsWith('.safetensors')).length).toBeGreaterThan(2);
    expect(await filesOf(job('stopped'))).toEqual(expected);
  });
});
