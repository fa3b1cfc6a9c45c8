/**
 * Teaches a base's text encoder to read captions in words that nobody foresaw: it is to make of them what it makes of a caption
 * that it knows and that means the same, so that the UNet, which stays as it is, reads them too.
 *
 *     node scripts/seedling/teach-phrasings.ts <base> <folder to write text_encoder/ to> [--steps 1500] [--threads 1]
 *
 * `--from <base>` goes on with the text encoder of another one. `--hands <work>` is for a base that was taught many hands, which
 * lie drawn there as `pretrain.ts --work` left them: what it was told of them is then no word to pass over.
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { evenly } from '../../native/facts/evenly.ts';
import type { BuilderOf, OpenModel } from '../../native/families/family.ts';
import { openModel } from '../../native/families/open-model.ts';
import { Graph } from '../../native/graph/graph.ts';
import { mul, sub } from '../../native/graph/ops/elementwise.ts';
import { reduceMean } from '../../native/graph/ops/reduce.ts';
import { openInference } from '../../native/models/inference.ts';
import { InputParameters } from '../../native/models/model-builder.ts';
import { createOptimizer } from '../../native/optimizers/optimizers.ts';
import { uniforms } from '../../native/random/philox.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import { buildArtifacts, type LossGraph } from '../../native/training/artifacts.ts';
import { tokenInputs } from '../../native/training/caption-inputs.ts';
import { writeTrainedComponent } from '../../native/training/checkpoint-weights.ts';
import { createTrainer } from '../../native/training/trainer.ts';
import { vocabularySize } from './configs.ts';
import { paintedGlyphs, taughtCaptions, taughtGlyphs } from './data.ts';
import { prepareHand, taughtHands } from './hands.ts';
import { learnedPictures } from './many-hands.ts';
import { prepareNoto } from './noto.ts';
import { fillerWords, type Phrasing, phrasings, stretched } from './phrasings.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: 'string', default: '1500' },
    rate: { type: 'string', default: '1e-3' },
    from: { type: 'string' },
    hands: { type: 'string' },
    threads: { type: 'string', default: '1' },
  },
});
const [base, output] = positionals.map((path) => resolve(path));
if (base === undefined || output === undefined) throw new Error('Name the base and a folder to write to.');
const rows = 48;
const encoder = 'text_encoder';
const root = resolve(fileURLToPath(new URL('../..', import.meta.url)));

const glyphs = taughtGlyphs(await prepareNoto(join(root, '.screenfold', 'noto')));
const model = await openModel({ base });
const { conditioning } = model;
const runtime = await chooseRuntime({ threads: Number(flags.threads) });
const teacher = await openInference(runtime, model.readWeight, (builders, graph) =>
  encoded(model, builders, graph),
);
const trainer = await createTrainer({
  runtime,
  rule: {
    optimizer: createOptimizer({ kind: 'adamw', beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0 }),
    maxGradientNorm: 1,
    ema: true,
    scalesLoss: false,
  },
  trainable: [...lossGraph(model).parameters.keys()],
  initial: (flags.from === undefined ? model : await openModel({ base: resolve(flags.from) })).readWeight,
  frozen: ({ name }) => Promise.reject(new Error(`${name}: nothing of a text encoder is frozen.`)),
  artifacts: () => buildArtifacts(lossGraph(model), { tensorsAreArrays: runtime.tensorsAreArrays }),
  accumulate: false,
  artifactFolder: await mkdtemp(join(tmpdir(), 'phrasings-')),
});

const tokens = tokenInputs(conditioning);
const endOfText = vocabularySize - 1;
const tokensIn = (text: string): number =>
  Object.values(conditioning.tokenize(text))[0]!.indexOf(endOfText) - 1;
const ofNoto = [
  ...glyphs.flatMap((glyph) => [...taughtCaptions(glyph).slice(0, 4), `${glyph.name}, ${glyph.category}`]),
  ...paintedGlyphs(glyphs).flatMap(({ captions }) => captions.slice(1, 3)),
  ...glyphs.map(({ name }) => `glossy ${name}`),
];
const draws = phrasings(
  {
    // As many of other hands: there are far more of those captions, and a bare name is to stay what it is.
    things: [...ofNoto, ...evenly(await captionsOfHands(), ofNoto.length)],
    knownPrefixes: [
      '',
      'a',
      'a',
      'emoji of',
      'emoji of a',
      'flat art of',
      // Many hands were taught that what is 3D is glossy.
      ...(flags.hands === undefined ? ['official 3d art of'] : []),
      'a picture of',
      'a picture of a',
    ],
    tokensIn,
    fillers: fillerWords,
  },
  drawsOf(11),
);
const nextBatch = (): Phrasing[] => Array.from({ length: rows }, () => draws.next().value);

const shape = { rows, size: null };
const batchOf = async (batch: readonly Phrasing[]): Promise<Parameters<typeof trainer.backward>[1]> => {
  const { states } = await teacher.run(await tokens.fill(batch.map(({ means }) => means)));
  const size = states!.length / batch.length;
  const [length, width] = Object.values(conditioning.states)[0]!.shape as readonly [number, number];
  const wanted = new Float32Array(states!.length);
  batch.forEach((phrasing, i) => {
    wanted.set(stretched(states!.slice(i * size, i * size + length * width), width, phrasing), i * size);
  });
  return { ...(await tokens.fill(batch.map(({ said }) => said))), wanted };
};
const judged = await batchOf(nextBatch());
console.log(`before: ${(await trainer.evaluate(shape, judged)).toFixed(5)}`);
const steps = Number(flags.steps);
for (let step = 1; step <= steps; step++) {
  const rate = Number(flags.rate) * Math.min(1, step / 50) * (0.5 + 0.5 * Math.cos((Math.PI * step) / steps));
  const emaDecay = Math.min(0.99, (1 + step) / (10 + step));
  const loss = await trainer.backward(shape, await batchOf(nextBatch()), true);
  await trainer.update(step, rate, emaDecay);
  if (step % 100 === 0 || step === 1)
    console.log(
      `step ${step}: loss ${loss.toFixed(5)}, judged ${(await trainer.evaluate(shape, judged)).toFixed(5)}`,
    );
  if (step % 300 === 0 || step === steps)
    await writeTrainedComponent(
      output,
      encoder,
      { model, trainer },
      { emaDecay: 0.99, checkpointPrecision: 'float16' },
    );
}
await trainer.dispose();
await teacher.dispose();
await runtime.dispose();
await model.close();

/** What is said of pictures in other hands than Noto's and of those in other ways of drawing, where any were taught. */
async function captionsOfHands(): Promise<readonly string[]> {
  if (flags.hands === undefined) return [];
  const drawn = join(resolve(flags.hands), 'drawn');
  const hands = await Promise.all(
    taughtHands.map(async (hand) => [hand, await prepareHand(hand, join(drawn, hand.prefix))] as const),
  );
  return learnedPictures(glyphs, hands).flatMap(({ prefix, change, captions }) =>
    prefix !== 'noto' || change.kind === 'treated' ? captions : [],
  );
}

function encoded(
  { conditioning: reading }: OpenModel,
  builders: BuilderOf,
  graph: Graph,
): { readonly states: ReturnType<OpenModel['conditioning']['encode']>[string] } {
  const given = Object.fromEntries(
    Object.entries(reading.tokens).map(([name, row]) => [
      name,
      graph.input(name, row.type, [rows, ...row.shape]),
    ]),
  );
  return { states: Object.values(reading.encode(builders, given))[0]! };
}

/** Mean squared error of states against those wanted. */
function lossGraph(of: OpenModel): LossGraph {
  const graph = new Graph();
  const builder = new InputParameters(graph, { component: encoder, prefix: `${encoder}.`, trained: true });
  const { states } = encoded(of, () => builder, graph);
  const difference = sub(states, graph.input('wanted', 'float32', states.shape));
  const loss = reduceMean(
    mul(difference, difference),
    states.shape.map((_, axis) => axis),
  );
  return { graph, loss, parameters: builder.values };
}

function drawsOf(seed: number): () => number {
  let [block, at] = [0, 64];
  const numbers = new Float32Array(64);
  return () => {
    if (at === numbers.length) {
      uniforms(seed, 'flip', 0, block++, numbers);
      at = 0;
    }
    return numbers[at++]!;
  };
}
