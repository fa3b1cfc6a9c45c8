import { describe, expect, test } from 'vitest';

import { gradients } from '../../native/autodiff/gradients.ts';
import type { DataArray } from '../../native/graph/data-type.ts';
import { Graph, type Value } from '../../native/graph/graph.ts';
import { add, exp, mul, sub } from '../../native/graph/ops/elementwise.ts';
import { reduceMean, reduceSum } from '../../native/graph/ops/reduce.ts';
import { decode, readAutoencoderConfig } from '../../native/models/autoencoder.ts';
import { clipText, readClipTextConfig } from '../../native/models/clip-text.ts';
import { type AdaptableModule, InputParameters } from '../../native/models/model-builder.ts';
import { readUNetConfig, unet } from '../../native/models/unet.ts';
import { evaluate, relativeDifference } from '../graph/evaluate.ts';
import { buildReferenceModel, valuesByName } from '../models/reference-model.ts';
import { type Fixture, readFixture, readModelFixture } from '../reference/fixture.ts';

/** Of every gradient by its norm: float32 sums of some thousand terms, in another order than PyTorch's. */
const tolerance = 1e-4;

function meanSquare(a: Value, b: Value): Value {
  const difference = sub(a, b);
  return reduceMean(
    mul(difference, difference),
    a.shape.map((_, i) => i),
  );
}

/** Runs loss and gradients, and holds each against the fixture's tensor of its name. */
async function expectGradients(
  graph: Graph,
  loss: Value,
  wrt: ReadonlyMap<string, Value>,
  data: ReadonlyMap<string, DataArray>,
  reference: Fixture,
): Promise<void> {
  const found = gradients(graph, loss, [...wrt.values()]);
  const outputs = Object.fromEntries([...wrt.keys()].map((name, i) => [name, found[i]!]));
  const results = await evaluate(graph, { loss, ...outputs }, data);
  expect(
    relativeDifference(results.get('loss')!, [...(reference.tensors.get('loss')!.data as Float32Array)]),
  ).toBeLessThan(1e-5);
  expect(wrt.size).toBeGreaterThan(0);
  for (const name of wrt.keys()) {
    const expected = reference.tensors.get(name);
    expect(expected, name).toBeDefined();
    const theirs = expected!.data as Float32Array;
    const mine = results.get(name)!;
    if (name.endsWith('k_proj.bias') || name.endsWith('to_k.bias')) {
      // Zero but for rounding: softmax does not see what is added to a whole row.
      expect(Math.max(...mine.map(Math.abs)), name).toBeLessThan(1e-6);
    } else {
      expect(relativeDifference(mine, theirs), name).toBeLessThanOrEqual(tolerance);
    }
  }
}

describe.each([
  'unet-tiny',
  'unet-sd1',
  'unet-sd1-deep',
  'unet-sd2',
  'unet-plain-first',
  'clip-sd1',
  'clip-sd2',
] as const)('%s', (name) => {
  test('has the gradient of every parameter and input that PyTorch has', async () => {
    const { graph, outputs, parameters, inputs, data } = await buildReferenceModel(name);
    const reference = await readFixture(`${name}.gradients`);
    const output = Object.values(outputs)[0]!;
    const target = graph.input('target', 'float32', output.shape);
    data.set('target', reference.tensors.get('target')!.data);
    const wrt = new Map(valuesByName(parameters));
    for (const [key, value] of Object.entries(inputs)) {
      if (reference.tensors.has(`input.${key}`)) wrt.set(`input.${key}`, value);
    }
    expect(wrt.size).toBe(
      [...reference.tensors.keys()].filter((key) => key !== 'target' && key !== 'loss').length,
    );
    await expectGradients(graph, meanSquare(output, target), wrt, data, reference);
  });
});

describe.each(['vae-2-levels', 'vae-3-levels'] as const)('%s', (name) => {
  test('has the gradient of every parameter through encoder, sampled posterior, decoder and KL', async () => {
    const { graph, outputs, parameters, inputs, data, fixture } = await buildReferenceModel(name);
    const reference = await readFixture(`${name}.gradients`);
    const { mean, logvar } = outputs as { mean: Value; logvar: Value };
    const noise = graph.input('noise', 'float32', mean.shape);
    data.set('noise', reference.tensors.get('noise')!.data);
    const latents = add(mean, mul(exp(mul(logvar, 0.5)), noise));
    const decoded = decode(parameters, readAutoencoderConfig(fixture.config), latents);
    const kl = mul(
      reduceSum(sub(add(mul(mean, mean), exp(logvar)), add(logvar, 1)), [0, 1, 2, 3]),
      0.5 / mean.shape[0]!,
    );
    const loss = add(meanSquare(decoded, inputs.sample!), mul(kl, 0.1));
    await expectGradients(graph, loss, valuesByName(parameters), data, reference);
  });
});

describe('text encoder and UNet together', () => {
  test('have the gradients of both through the prompt', async () => {
    const reference = await readFixture('joint.gradients');
    const [unetFixture, textFixture] = [
      await readModelFixture('unet-sd1'),
      await readModelFixture('clip-sd1'),
    ];
    const graph = new Graph();
    const text = new InputParameters(graph, { prefix: 'text_encoder.' });
    const denoiser = new InputParameters(graph, { prefix: 'unet.' });
    const ids = textFixture.inputs.get('input_ids')!;
    const sample = unetFixture.inputs.get('sample')!;
    const steps = unetFixture.inputs.get('timestep')!;
    const hidden = clipText(
      text,
      readClipTextConfig(textFixture.config),
      graph.input('input_ids', 'int64', ids.shape),
    );
    const predicted = unet(denoiser, readUNetConfig(unetFixture.config), {
      sample: graph.input('sample', 'float32', sample.shape),
      timesteps: graph.input('timestep', 'float32', steps.shape),
      promptStates: hidden,
    });
    const target = reference.tensors.get('target')!;
    const data = new Map<string, DataArray>([
      ['input_ids', ids.data],
      ['sample', sample.data],
      ['timestep', Float32Array.from(Array.from(steps.data, Number))],
      ['target', target.data],
    ]);
    for (const [key, { data: weight }] of unetFixture.weights) data.set(`unet.${key}`, weight);
    for (const [key, { data: weight }] of textFixture.weights) data.set(`text_encoder.${key}`, weight);
    const wrt = new Map(
      [text, denoiser].flatMap((model) =>
        [...model.values.values()].map((value) => [value.name, value] as const),
      ),
    );
    const loss = meanSquare(predicted, graph.input('target', 'float32', predicted.shape));
    await expectGradients(graph, loss, wrt, data, reference);
  });
});

describe.each(['unet-sd1', 'unet-sd2', 'clip-sd1'] as const)('LoRA on %s', (name) => {
  test('has the gradients of every adapter and none of the frozen weights', async () => {
    const reference = await readFixture(`${name}.lora.gradients`);
    const wrt = new Map<string, Value>();
    const adapters =
      (graph: Graph) =>
      ({ path: module }: AdaptableModule) => {
        const key = name.startsWith('clip') ? module.replace(/^text_model\./, '') : module;
        const find = (part: string) =>
          [...reference.tensors].find(
            ([tensor]) => tensor.endsWith(`${key}.${part}.weight`) && tensor.startsWith('weight.'),
          );
        const [down, up] = [find('lora_A'), find('lora_B')];
        if (!down || !up) return null;
        const value = ([tensor, { shape, data }]: NonNullable<typeof down>): Value => {
          const flat = shape.slice(0, 2);
          const input = graph.input(tensor, 'float32', flat);
          loraData.set(tensor, data);
          wrt.set(tensor.slice('weight.'.length), input);
          return input;
        };
        return { down: value(down), up: value(up), scale: 2 / 4 };
      };
    const loraData = new Map<string, DataArray>();
    const { graph, outputs, data } = await buildReferenceModel(name, adapters);
    for (const [key, array] of loraData) data.set(key, array);
    const output = Object.values(outputs)[0]!;
    const target = graph.input('target', 'float32', output.shape);
    data.set('target', reference.tensors.get('target')!.data);
    await expectGradients(graph, meanSquare(output, target), wrt, data, reference);
  });
});
