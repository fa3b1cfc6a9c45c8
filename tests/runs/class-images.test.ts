import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { validateRunSpec } from '../../electron/contract/parse-run-spec.ts';
import type { DatasetImage } from '../../electron/datasets/dataset-image.ts';
import { readClassImages } from '../../electron/runs/class-images.ts';
import { classImageSeconds } from '../../electron/runs/class-images-time.ts';
import { planTraining, summaryLines } from '../../electron/runs/plan.ts';
import { resolveRunSpec } from '../../electron/runs/read-run-spec.ts';
import { pathsAsRead, pathsToWrite } from '../../electron/runs/run-paths.ts';
import { jobFingerprint } from '../../native/training/run-state.ts';
import { drawPicture } from '../training/tiny-model.ts';
import { temporaryFolder } from './temporary-folder.ts';

const base = { folder: '/base', resolution: 64, vaeFactor: 4, pixelStep: 16 };
const image = (id: string, width = 64, height = 64): DatasetImage => ({
  ...{ id, path: `/photos/${id}`, width, height },
  ...{ metadata: {}, candidates: [], repeats: 1 },
});
const four = [image('a.png'), image('b.png'), image('c.png'), image('wide.png', 130, 65)];

function planOf(
  prior: object | undefined,
  rest: object = {},
  classImages: Awaited<ReturnType<typeof readClassImages>> = null,
) {
  const whole = {
    ...{ base: 'base', data: { folder: 'photos', captions: { kind: 'fixed', text: 'a zwx dog' } } },
    ...(prior && { prior }),
    ...rest,
  };
  const spec = resolveRunSpec(validateRunSpec(whole, 'run.json'), '/', 'dog');
  const dataset = { folder: '/photos', images: four, problems: [], leftOut: [], ignored: 0 };
  return planTraining({ spec, base, dataset, cacheFolder: '/cache', classImages });
}

describe('a plan with class images', () => {
  test('has them made as the run’s pictures are, in the shapes of its images', () => {
    const { run, summary } = planOf({ prompt: 'a dog', count: 10 }, { samples: { steps: 12 } });
    const { width, height } = run.job.images[3]!;
    expect(width).toBeGreaterThan(height);
    expect(run.job.prior).toEqual({
      weight: 1,
      images: [],
      making: {
        ...{ prompt: 'a dog', sampler: 'dpm++-2m-karras', steps: 12, guidanceScale: 7.5 },
        sizes: [
          { width: 64, height: 64, count: 8 },
          { width, height, count: 2 },
        ],
      },
    });
    expect(summaryLines(summary).join('\n')).toContain(
      '10 class images beside them, made by the base first where they are not there yet',
    );
    expect(summary.warnings).toEqual([]);
  });

  test('has them made at the clip skip that captions are read with', () => {
    const made = (clipSkip: number) =>
      planOf({ prompt: 'a dog' }, { train: { clipSkip } }).run.job.prior!.making;
    expect(made(2)).toMatchObject({ clipSkip: 2 });
    expect(made(1)).not.toHaveProperty('clipSkip');
  });

  test('has one for each shape, however few are asked for', () => {
    const counts = planOf({ prompt: 'a dog', count: 1 }).run.job.prior!.making!.sizes.map(
      ({ count }) => count,
    );
    expect(counts).toEqual([1, 1]);
  });

  test('warns where no caption names the kind', () => {
    const { warnings } = planOf({ prompt: 'a photo of a cat' }).summary;
    expect(warnings).toEqual([
      'No caption says “cat”. Captions should name the subject together with its kind, as in “zwx cat”.',
    ]);
  });

  test('takes given ones with kohya’s class tokens, each in the shape nearest to its own', async () => {
    const folder = temporaryFolder();
    await drawPicture(join(folder, '1_dog', 'first.png'), 1);
    await drawPicture(join(folder, 'second.png'), 2);
    const given = await readClassImages({ prompt: 'a dog', count: 1, weight: 1, folder });
    const { run, summary } = planOf({ prompt: 'a dog', weight: 0.5, folder }, {}, given);
    const { weight, images, making } = run.job.prior!;
    expect([weight, making]).toEqual([0.5, undefined]);
    const of = (width: number) =>
      images.filter((one) => one.width === width).map(({ id, captions }) => [id, captions[0]]);
    const both = [
      ['1_dog/first.png', 'dog'],
      ['second.png', 'a dog'],
    ];
    expect(of(64)).toEqual(both);
    // None is wide, so all of them serve the wide image, too.
    expect(of(run.job.images[3]!.width)).toEqual(both);
    expect(summaryLines(summary).join('\n')).toContain('4 class images beside them');
  });

  test('is another run than without, and without it is what it was', () => {
    const prints = [undefined, { prompt: 'a dog' }, { prompt: 'a dog', weight: 2 }, { prompt: 'a cat' }].map(
      (prior) => jobFingerprint(planOf(prior).run.job),
    );
    expect(new Set(prints).size).toBe(4);
    expect(Object.keys(planOf(undefined).run.job)).not.toContain('prior');
  });

  test('is refused by methods that keep nothing of what the base draws', () => {
    for (const kind of ['scratch', 'vae'])
      expect(() => planOf({ prompt: 'a dog' }, { method: { kind } })).toThrow(
        expect.objectContaining({ code: 'prior-method' }),
      );
  });

  test('says in the run file what is wrong', () => {
    expect(() => planOf({ prompt: '' })).toThrow(/prior\.prompt/);
    expect(() => planOf({ prompt: 'a dog', counts: 3 })).toThrow(/count/);
  });

  test('keeps its paths when they are written and read again', async () => {
    const folder = temporaryFolder();
    await drawPicture(join(folder, 'first.png'), 1);
    const given = await readClassImages({ prompt: 'a dog', count: 1, weight: 1, folder });
    const { run } = planOf({ prompt: 'a dog', folder }, {}, given);
    const read = pathsAsRead(run.folder, pathsToWrite(run.folder, run));
    expect(read.job.prior).toEqual(run.job.prior);
    expect(read.spec.prior).toEqual(run.spec.prior);
  });
});

test('class images take as long to make as their steps are forward passes, where a run like it has been measured', () => {
  const making = { prompt: 'a dog', sampler: 'ddim', steps: 30, guidanceScale: 7.5 } as const;
  const sizes = [
    { width: 64, height: 64, count: 60 },
    { width: 96, height: 64, count: 40 },
  ];
  const prior = { weight: 1, images: [], making: { ...making, sizes } };
  // An image and its class image, forward and backward, are six passes.
  expect(classImageSeconds(prior, 0.6)).toBeCloseTo(100 * 30 * 2 * 0.1, 6);
  const unguided = { ...prior, making: { ...making, sizes, guidanceScale: 1 } };
  expect(classImageSeconds(unguided, 0.6)).toBeCloseTo(300, 6);
  expect(classImageSeconds(prior, null)).toBeNull();
  expect(classImageSeconds({ weight: 1, images: [] }, 0.6)).toBeNull();
  expect(classImageSeconds(undefined, 0.6)).toBeNull();
});
