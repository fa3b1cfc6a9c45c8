import type { ComputePrecision } from '../../native/facts/precision.ts';
import { klAutoencoder, unetDenoiser } from '../../native/families/stable-diffusion/parts.ts';
import { elementCount } from '../../native/graph/data-type.ts';
import { readAutoencoderConfig } from '../../native/models/autoencoder.ts';
import { type BuildInference, openInference } from '../../native/models/inference.ts';
import { readUNetConfig } from '../../native/models/unet.ts';
import type { ReadWeight } from '../../native/models/weight-tensor.ts';
import { parseSchedulerConfig } from '../../native/noise/scheduler-config.ts';
import { normals } from '../../native/random/philox.ts';
import type { DeviceTuning } from '../../native/runtime/runtime.ts';
import { createSampler } from '../../native/sampling/create-sampler.ts';
import { applyGuidance } from '../../native/sampling/guidance.ts';
import { readBenchSettings, readFullSize } from '../../tests/reference/fixture.ts';
import { tinyConfigs, tinyScheduler } from '../../tests/training/tiny-model.ts';
import { quickWeights } from '../full-size/quick-weights.ts';
import type { Check, CheckContext, Finding } from './check.ts';
import { median } from './median.ts';

const readWeight: ReadWeight = ({ key, shape }) => Promise.resolve(quickWeights({ name: key, shape }));
const guidanceScale = 7.5;

function noise(index: number, ...shape: readonly number[]): Float32Array<ArrayBuffer> {
  return normals(0, 'noise', 0, index, new Float32Array(elementCount(shape)));
}

/** Steps of a guided picture a second: the UNet on two rows, guidance and the sampler. */
export function samplingIn(precision: ComputePrecision, tuning: DeviceTuning = {}): Check {
  return (context) => sampling(context, precision, tuning);
}

async function sampling(
  { open, report, short }: CheckContext,
  precision: ComputePrecision,
  tuning: DeviceTuning,
): Promise<Finding> {
  const small = await readBenchSettings();
  const config = readUNetConfig(short ? small.unet : (await readFullSize('sd1-unet')).config);
  const [size, tokens, steps] = short ? [small.height, small.tokens, 4] : [64, 77, 20];
  const runtime = await open(tuning);
  const begun = performance.now();
  const denoiser = unetDenoiser(config);
  const build: BuildInference = (builders, graph) => {
    const inputs = {
      sample: graph.input('sample', 'float32', [2, config.inChannels, size, size]),
      timesteps: graph.input('timesteps', 'float32', [2]),
      conditioning: {
        encoder_hidden_states: graph.input('encoder_hidden_states', 'float32', [
          2,
          tokens,
          config.crossAttentionDim,
        ]),
      },
    };
    return { output: denoiser.predict(builders(denoiser.component), inputs) };
  };
  const session = await openInference(runtime, readWeight, build, undefined, precision);
  report({ runtime: runtime.description, openSeconds: (performance.now() - begun) / 1000 });
  const scheduler = parseSchedulerConfig(JSON.stringify(tinyScheduler), 'scheduler_config.json');
  const sampler = createSampler('ddim', scheduler, steps);
  const states = noise(2, 2, tokens, config.crossAttentionDim);
  let latents = noise(0, config.inChannels, size, size);
  const times: number[] = [];
  for (const [i, timestep] of sampler.timesteps.entries()) {
    const started = performance.now();
    const sample = new Float32Array(2 * latents.length);
    const input = sampler.scaleInput(latents, i);
    sample.set(input);
    sample.set(input, input.length);
    const { output } = await session.run({
      sample,
      timesteps: new Float32Array(2).fill(timestep),
      encoder_hidden_states: states,
    });
    latents = sampler.step(applyGuidance(output!, 1, guidanceScale), i, latents, () =>
      noise(3, latents.length),
    );
    times.push((performance.now() - started) / 1000);
    if (i > 1) report({ stepsPerSecond: 1 / median(times.slice(2)), firstSteps: times.slice(0, 2) });
  }
  await session.dispose();
  await runtime.dispose();
  return {
    ok: latents.every(Number.isFinite),
    steps,
    latents: size,
    precision,
    peakHostMib: Math.round(process.resourceUsage().maxRSS / 1024),
  };
}

/** Seconds from latents to a picture. */
export function decodingIn(precision: ComputePrecision): Check {
  return (context) => decoding(context, precision);
}

async function decoding(
  { open, report, short }: CheckContext,
  precision: ComputePrecision,
): Promise<Finding> {
  const config = readAutoencoderConfig(short ? tinyConfigs.vae : (await readFullSize('vae')).config);
  const autoencoder = klAutoencoder(config);
  const size = short ? 8 : 64;
  const runtime = await open();
  const begun = performance.now();
  const build: BuildInference = (builders, graph) => {
    const latents = graph.input('latents', 'float32', [1, autoencoder.latentChannels, size, size]);
    return { pictures: autoencoder.decode(builders(autoencoder.component), latents) };
  };
  const session = await openInference(runtime, readWeight, build, undefined, precision);
  report({ runtime: runtime.description, openSeconds: (performance.now() - begun) / 1000 });
  const latents = noise(0, autoencoder.latentChannels, size, size);
  const times: number[] = [];
  let finite = true;
  for (let i = 0; i < (short ? 3 : 8); i++) {
    const started = performance.now();
    const { pictures } = await session.run({ latents });
    times.push((performance.now() - started) / 1000);
    finite &&= pictures!.every(Number.isFinite);
    if (i > 0) report({ secondsPerPicture: median(times.slice(1)), firstSeconds: times[0] });
  }
  await session.dispose();
  await runtime.dispose();
  return { ok: finite, precision, edge: size * autoencoder.factor };
}
