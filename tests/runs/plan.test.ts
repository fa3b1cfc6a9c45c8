import { describe, expect, test } from 'vitest';

import { validateRunSpec } from '../../electron/contract/parse-run-spec.ts';
import type { Dataset } from '../../electron/datasets/dataset.ts';
import type { DatasetImage } from '../../electron/datasets/dataset-image.ts';
import { howLines } from '../../electron/runs/how-lines.ts';
import { planTraining, summaryLines } from '../../electron/runs/plan.ts';
import { resolveRunSpec } from '../../electron/runs/read-run-spec.ts';
import { Failure } from '../../native/failure.ts';
import { jobFingerprint } from '../../native/training/run-state.ts';

const base = { folder: '/base', resolution: 64, vaeFactor: 4, pixelStep: 16 };

function image(id: string, width = 64, height = 64, repeats = 1): DatasetImage {
  return { id, path: `/photos/${id}`, width, height, metadata: { name: id }, candidates: [], repeats };
}

function datasetOf(images: readonly DatasetImage[]): Dataset {
  return { folder: '/photos', images, problems: [], leftOut: [], ignored: 0 };
}

function planOf(dataset: Dataset, spec: Readonly<Record<string, unknown>> & { readonly data?: object } = {}) {
  const { data, ...rest } = spec;
  const whole = { base: 'base', data: { folder: 'photos', captions: { kind: 'empty' }, ...data }, ...rest };
  const resolved = resolveRunSpec(validateRunSpec(whole, 'run.json'), '/', 'foxes');
  return planTraining({ spec: resolved, base, dataset, cacheFolder: '/cache' });
}

const ten = Array.from({ length: 10 }, (_, index) => image(`${index}.png`));

describe('a plan', () => {
  test('counts steps by buckets, repeats, batches and accumulation', () => {
    const wide = [image('wide.png', 200, 100), image('wider.png', 210, 100, 3)];
    const { summary, run } = planOf(datasetOf([...ten, ...wide]), {
      train: { epochs: 3, batchSize: 4, gradientAccumulation: 2 },
    });
    // 10 squares make 3 batches, 1 + 3 uses of wide images one more: 4 batches, two to a step.
    expect(summary).toMatchObject({ images: 12, stepsPerEpoch: 2, steps: 6 });
    expect(summary.buckets.map(({ images }) => images)).toEqual([10, 2]);
    expect(run.job.images.find(({ id }) => id === 'wider.png')?.repeats).toBe(3);
  });

  test('warns of images that have to be enlarged, and of settings that are most likely not meant', () => {
    const small = [image('small.png', 16, 16), image('smaller.png', 8, 8)];
    const warnings = (images: readonly DatasetImage[], spec: Readonly<Record<string, unknown>> = {}) =>
      planOf(datasetOf(images), spec).summary.warnings;
    expect(warnings(ten)).toEqual([]);
    expect(warnings([...ten, ...small])).toEqual([
      '2 of 12 images are much smaller than they are trained at and are enlarged, which teaches softness. The smallest is smaller.png, 8 × 8 px.',
    ]);
    const relative = { kind: 'adafactor', relativeStep: true };
    expect(warnings(ten, { train: { learningRate: 5, optimizer: relative } })).toEqual([]);
    expect(warnings(ten, { train: { learningRate: 5 } })).toEqual([
      expect.stringMatching(/^train\.learningRate: 500,000 times what suits/),
    ]);
  });

  test('alters images only where that is asked for, so that older runs are known again', () => {
    const settings = (train: object) => planOf(datasetOf(ten), { train }).run.job.settings;
    expect(settings({})).not.toHaveProperty('augmentation');
    expect(settings({ augmentation: { variants: 8 } })).not.toHaveProperty('augmentation');
    expect(settings({ augmentation: { crop: 0.1 } }).augmentation).toMatchObject({ variants: 4, crop: 0.1 });
    expect(() => settings({ augmentation: { rotation: 90 } })).toThrow(Failure);
  });

  test('names keys that do nothing beside the others, and takes them nevertheless', () => {
    const idle = (spec: Readonly<Record<string, unknown>>) =>
      planOf(datasetOf(ten), spec)
        .summary.warnings.filter((warning) => warning.includes(' does nothing: '))
        .map((warning) => warning.split(' ')[0]);
    const relative = { optimizer: { kind: 'adafactor', relativeStep: true } };
    for (const [spec, keys] of [
      [{}, []],
      [{ train: { loss: { threshold: 0.2 } } }, ['train.loss.threshold']],
      [{ train: { loss: { kind: 'huber', threshold: 0.2 } } }, []],
      [{ train: { loss: { kind: 'huber', scale: 2 } } }, ['train.loss.scale']],
      [{ method: { kind: 'lora', convAlpha: 4 } }, ['method.convAlpha']],
      [{ method: { kind: 'lora', convRank: 4, convAlpha: 4 } }, []],
      [{ method: { kind: 'lora', upRate: 16 } }, []],
      [{ method: { kind: 'lora', upRate: 16 }, train: relative }, ['method.upRate']],
      [{ method: { kind: 'lora', blockRanks: { textEncoder: 4 } } }, ['method.blockRanks.textEncoder']],
      [
        { train: { ...relative, schedule: 'cosine', warmupSteps: 2 } },
        ['train.schedule', 'train.warmupSteps'],
      ],
      [{ train: { masks: { normalize: true } } }, ['train.masks.normalize']],
      [{ train: { augmentation: { variants: 8 } } }, ['train.augmentation.variants']],
      [{ train: { noise: { pyramidDiscount: 0.8 } } }, ['train.noise.pyramidDiscount']],
    ] as const)
      expect(idle(spec)).toEqual(keys);
  });

  test('says of a share of 1 that it is a single image, and of a warm-up that is longer than the run', () => {
    const warnings = (spec: Readonly<Record<string, unknown>> & { readonly data?: object }) =>
      planOf(datasetOf(ten), spec).summary.warnings;
    expect(warnings({ data: { share: 1 } })).toContain(
      'Only 1 image of 10 is trained on. For all of them, leave the share out or say all.',
    );
    expect(warnings({ train: { epochs: 1, warmupSteps: 50 } })).toContain(
      'train.warmupSteps: The run has 10 steps: the learning rate would never be reached.',
    );
  });

  test('says in lines how it is trained', () => {
    expect(howLines(planOf(datasetOf(ten)).run)).toEqual(['method: full finetuning of UNet']);
    const { run } = planOf(datasetOf(ten), {
      method: { kind: 'lora', rank: 8, convRank: 4, dora: true },
      train: {
        ...{ loss: { kind: 'huber' }, masks: { source: 'alpha' }, randomFlip: true },
        augmentation: { crop: 0.1, rotation: 5 },
      },
      prior: { prompt: 'a dog' },
    });
    expect(howLines(run)).toEqual([
      'method: DoRA of rank 8, alpha 8, on UNet, convolutions of rank 4',
      'error: Huber from 0.1, snr',
      'masks: by transparency, the rest counts 0.1',
      'altered images: 4 versions: crop 0.1, rotation 5°, half of them mirrored',
      'class images: 100 pictures of “a dog”, weight 1',
    ]);
  });

  test('multiplies repeats of folders by those of the run', () => {
    const { run } = planOf(datasetOf([image('a.png', 64, 64, 3)]), { data: { repeats: 2 } });
    expect(run.job.images[0]?.repeats).toBe(6);
  });

  test('keeps the chosen epochs up to the last, and the last', () => {
    const kept = (train: object) => planOf(datasetOf(ten), { train }).summary.checkpoints;
    expect(kept({})).toEqual([1, 2, 5, 15, 30, 45, 60, 70, 100]);
    expect(kept({ epochs: 20 })).toEqual([1, 2, 5, 15, 20]);
    expect(kept({ epochs: 20, checkpoints: [20, 3, 3, 40] })).toEqual([3, 20]);
    expect(kept({ epochs: 20, checkpoints: [] })).toEqual([20]);
  });

  test('takes a learning rate that suits the method unless one is given', () => {
    const rate = (spec: Readonly<Record<string, unknown>>) =>
      planOf(datasetOf(ten), spec).run.job.settings.learningRate;
    expect(rate({})).toBe(1e-5);
    expect(rate({ method: { kind: 'lora' } })).toBe(1e-4);
    expect(rate({ method: { kind: 'lora' }, train: { learningRate: 3e-4 } })).toBe(3e-4);
    expect(rate({ method: { kind: 'lora' }, train: { optimizer: { kind: 'lion' } } })).toBe(2e-5);
  });

  test('makes a job that is told by the fingerprint it has had since before jobs named their optimizer', () => {
    const { job } = planOf(datasetOf([image('a.png')]), { train: { epochs: 3 } }).run;
    expect(job.settings.optimizer?.kind).toBe('adamw');
    // Made by the version before, which had beta1, beta2, epsilon and weightDecay in place of `optimizer`.
    expect(jobFingerprint(job)).toBe('6e5f1641a7d2793a3bc5a4e835c832866f39c8bd2691ea97d2528edfa9e77eda');
  });

  test('gives a LoRA the strength 1 unless told otherwise', () => {
    const method = (lora: object) =>
      planOf(datasetOf(ten), { method: { kind: 'lora', ...lora } }).run.job.method;
    expect(method({ rank: 4 })).toEqual({ kind: 'lora', textEncoder: false, rank: 4, alpha: 4 });
    expect(method({ rank: 4, alpha: 1 })).toMatchObject({ rank: 4, alpha: 1 });
  });

  test('holds images out by number, part, name or mark', () => {
    const held = (validation: unknown) =>
      planOf(datasetOf(ten), { data: { validation } }).run.job.validation.map(({ id }) => id);
    expect(held(0)).toEqual([]);
    expect(held(3)).toHaveLength(3);
    expect(held(0.5).length).toBeGreaterThan(0);
    expect(held(['7.png'])).toEqual(['7.png']);
    const marked = ten.map((entry, index) => ({
      ...entry,
      metadata: { split: index === 4 ? 'validation' : 'train' },
    }));
    expect(planOf(datasetOf(marked), { data: { validation: 'marked', share: 0.5 } }).summary.images).toBe(
      Math.round((marked.length - 1) / 2),
    );
    expect(planOf(datasetOf(marked), { data: { validation: 'marked' } }).run.job.validation).toHaveLength(1);
  });

  test('works at what the base was made for unless told otherwise', () => {
    expect(planOf(datasetOf(ten)).run.spec.resolution).toBe(64);
    expect(planOf(datasetOf(ten), { resolution: 128 }).run.job.images[0]).toMatchObject({
      width: 128,
      height: 128,
    });
  });

  test('refuses a resolution the model cannot halve as often as it must', () => {
    const plan = () => planOf(datasetOf(ten), { resolution: 72 });
    expect(plan).toThrow(Failure);
    expect(plan).toThrow('/base cannot be trained at 72 pixels.');
  });

  test('warns of what is missing and of what is left out', () => {
    const dataset = {
      ...datasetOf([...ten, { ...image('nameless.png'), metadata: {} }]),
      problems: [
        { file: 'torn.png', failure: new Failure('image-unreadable', 'torn.png is truncated.', '') },
      ],
      leftOut: [
        {
          files: ['notes.md', 'list.xyz'],
          failure: new Failure('other-file', '2 other files in the folder are not used.', ''),
          expected: true,
        },
      ],
      ignored: 2,
    };
    const captions = { kind: 'template', template: 'art of ${name}' };
    const { summary } = planOf(dataset, { data: { captions } });
    expect(summary.warnings).toEqual([
      'torn.png is truncated.',
      '1 image has no caption, or lacks a part of it: nameless.png (no name).',
      '2 other files in the folder are not used.',
    ]);
    expect(summary.captionExample).toBe('art of 0.png');
    expect(summaryLines(summary).join('\n')).toMatchInlineSnapshot(`
      "foxes: 11 images, at 64 pixels (64x64: 11)
        100 epochs of 11 steps: 1,100 steps; checkpoints after epochs 1, 2, 5, 15, 30, 45, 60, 70, 100
        a caption: art of 0.png
        ! torn.png is truncated.
        ! 1 image has no caption, or lacks a part of it: nameless.png (no name).
        ! 2 other files in the folder are not used."
    `);
  });

  test('names the columns of images without captions, and the flag that makes captions of them', () => {
    const named = (metadata: object) =>
      ten.map((one) => ({ ...one, metadata: { file: one.id, folder: 'photos', ...metadata } }));
    const warnings = (metadata: object, spec: Parameters<typeof planOf>[1] = {}) =>
      planOf(datasetOf(named(metadata)), { ...spec, data: { captions: { kind: 'sidecar' }, ...spec.data } })
        .summary.warnings;
    expect(warnings({ kind: 'face', name: 'a fox', split: 'train' })).toEqual([
      "None of the 10 images has a caption, so all are trained without words. Their metadata has columns kind, name and split: --caption-template 'a picture of ${name}, ${kind}' makes captions of them.",
    ]);
    expect(warnings({ "who's": 'me' })).toEqual([
      expect.stringContaining("a column who's: --caption-template 'a picture of ${who'\\''s}'"),
    ]);
    const generic = [expect.stringMatching(/^10 images have no caption/)];
    expect(warnings({})).toEqual(generic);
    expect(warnings({ '{kind}': 'face' })).toEqual(generic);
    const many = Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`column ${at}`, 'x']));
    expect(warnings(many)).toEqual([
      expect.stringContaining(
        "columns column 0, column 1, column 2, column 3, column 4, column 5, column 6, column 7, column 8, column 9 and 2,990 more: --caption-template 'a picture of ${column 0}, ${column 1}'",
      ),
    ]);
    expect(warnings({ name: 'a fox' }, { data: { captions: { kind: 'empty' } } })).toEqual([]);
    const some = named({ name: 'a fox' }).map((one, index) =>
      index > 0 ? one : { ...one, candidates: [{ source: 'sidecar' as const, texts: ['a fox'] }] },
    );
    expect(planOf(datasetOf(some), { data: { captions: { kind: 'sidecar' } } }).summary.warnings).toEqual([
      expect.stringMatching(/^9 images have no caption/),
    ]);
  });

  test('says what is left out of what should be in it first, and what to do', () => {
    const [expected, unexpected] = [true, false].map((each) => ({
      files: ['x'],
      failure: new Failure('left', each ? '1 mask is left out.' : '1 HEIC image is left out.', 'Do so.'),
      expected: each,
    }));
    const { summary } = planOf({ ...datasetOf(ten), leftOut: [expected!, unexpected!] });
    expect(summary.warnings).toEqual(['1 HEIC image is left out. Do so.', '1 mask is left out.']);
  });

  test('tells how much of long and narrow images is cropped away', () => {
    const warningsOf = (...images: readonly DatasetImage[]) =>
      planOf(datasetOf([...ten, ...images])).summary.warnings;
    expect(warningsOf(image('wide.png', 200, 100))).toEqual([]);
    // The widest bucket is 128 x 32.
    expect(warningsOf(image('strip.png', 640, 64))).toEqual(['Cropping takes 60 % of strip.png away.']);
    expect(warningsOf(image('strip.png', 640, 64), image('line.png', 5, 1000))).toEqual([
      'Cropping takes 60 % to 98 % of 2 images away, the most of line.png.',
    ]);
  });

  test('is plain data that says no more than was settled', () => {
    const { job } = planOf(datasetOf(ten), { device: { threads: 2 } }).run;
    expect(job.device).toEqual({ threads: 2 });
    expect(JSON.parse(JSON.stringify(job))).toEqual(job);
  });
});
