import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { findCaptioner } from '../../native/captioning/captioner-files.ts';
import { openDecoder } from '../../native/captioning/decoder.ts';
import { openCaptioner } from '../../native/captioning/open-captioner.ts';
import { prepareForWriter, readPictureForm } from '../../native/captioning/picture-form.ts';
import { readTextTokenizer } from '../../native/captioning/text-tokenizer.ts';
import { type CaptionDetail, usualCaptioning } from '../../native/facts/captioning.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { captioningFixtures } from './fixtures.ts';

interface Reference {
  readonly prompt: readonly number[];
  readonly pictures: Readonly<
    Record<
      string,
      {
        /** The mean, then the first four of row 5 of each plane. */
        readonly pixels: readonly number[];
        /** The mean, then the first six of each of the first two. */
        readonly states: readonly number[];
        readonly logits: readonly (readonly number[])[];
        readonly captions: Readonly<
          Record<string, { readonly tokens: readonly number[]; readonly text: string }>
        >;
      }
    >
  >;
}

const referenceOf = (name: string) =>
  JSON.parse(readFileSync(join(captioningFixtures, `${name}.json`), 'utf8')) as Reference;
const picturePath = (name: string) => join(captioningFixtures, 'pictures', name);

let runtime: Runtime;
beforeAll(async () => {
  runtime = await chooseRuntime({ provider: 'cpu' });
});
afterAll(() => runtime.dispose());

/** Without its decoder that takes what it made of earlier tokens. */
async function withoutCache(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'screenfold '));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await cp(join(captioningFixtures, 'florence-2'), folder, { recursive: true });
  await rm(join(folder, 'onnx', 'decoder_model_merged.onnx'));
  return folder;
}

const tidy = (text: string) => text.replaceAll(/\s+/g, ' ').trim();

describe.each(['blip', 'florence-2'])('a tiny %s', (name) => {
  const folder = join(captioningFixtures, name);
  const { pictures, prompt } = referenceOf(name);

  test.each(Object.keys(pictures))('is given %s as by its own processor, to float32', async (picture) => {
    const form = await readPictureForm(folder);
    const planes = await prepareForWriter(picturePath(picture), form);
    const side = Math.sqrt(planes.length / 3);
    const [mean, ...first] = pictures[picture]!.pixels;
    expect(planes.reduce((sum, one) => sum + one, 0) / planes.length).toBeCloseTo(mean!, 5);
    const rows = [0, 1, 2].flatMap((plane) => [...planes.subarray((plane * side + 5) * side).subarray(0, 4)]);
    rows.forEach((number, at) => {
      expect(number).toBeCloseTo(first[at]!, 5);
    });
  });

  test.each(Object.keys(pictures))(
    'writes of %s token by token what transformers writes',
    async (picture) => {
      const captioner = await openCaptioner(runtime, folder);
      try {
        const prepared = await captioner.prepare(picturePath(picture));
        for (const [way, { tokens, text }] of Object.entries(pictures[picture]!.captions)) {
          const beams = Number(way.split(' ').at(-1));
          const detail = (name === 'blip' ? 'short' : way.split(' ')[0]) as CaptionDetail;
          const longest = name === 'blip' ? 16 : 24;
          const options = { ...usualCaptioning, beams, detail, longest };
          expect(tidy((await readTextTokenizer(folder)).decode(tokens)), way).toBe(tidy(text));
          expect(await captioner.caption([prepared], options), way).toEqual([tidy(text)]);
        }
      } finally {
        await captioner.dispose();
      }
    },
  );

  test('finds words as likely as PyTorch does, to 1e-4', async () => {
    const files = await findCaptioner(folder);
    if (files.kind === 'tagger') throw new Error('no writer');
    const [vision, decoder] = [
      await runtime.createSession(files.vision),
      await runtime.createSession(files.decoder.replace('_merged', '')),
    ];
    if (name !== 'blip') {
      // Its states come of two more graphs, through which the captions above went.
      await Promise.all([vision.dispose(), decoder.dispose()]);
      return;
    }
    for (const [picture, { logits, states }] of Object.entries(pictures)) {
      const prepared = await prepareForWriter(picturePath(picture), await readPictureForm(folder));
      const side = Math.sqrt(prepared.length / 3);
      const given = runtime.tensor('float32', [1, 3, side, side], prepared);
      const { last_hidden_state: seen } = await vision.run({ pixel_values: given }, ['last_hidden_state']);
      const width = seen.shape[2]!;
      const first = [...(seen.data as Float32Array).subarray(0, 6)];
      const second = [...(seen.data as Float32Array).subarray(width, width + 6)];
      [...first, ...second].forEach((number, at) => {
        expect(Math.abs(number - states[at + 1]!)).toBeLessThan(1e-4);
      });
      for (const length of prompt.keys()) {
        const next = openDecoder(runtime, decoder, files.decoder, null).begin(seen);
        const [row] = await next([prompt.slice(0, length + 1)], null);
        row!.forEach((number, at) => {
          expect(Math.abs(number - logits[length]![at]!)).toBeLessThan(1e-4);
        });
      }
    }
    await Promise.all([vision.dispose(), decoder.dispose()]);
  });
});

test('a decoder that keeps what it made of earlier tokens writes what one writes that does not', async () => {
  const [kept, anew] = [
    await openCaptioner(runtime, join(captioningFixtures, 'florence-2')),
    await openCaptioner(runtime, await withoutCache()),
  ];
  const prepared = await kept.prepare(picturePath('08-rotated.jpg'));
  for (const beams of [1, 4]) {
    const options = { ...usualCaptioning, beams, longest: 30 };
    expect(await kept.caption([prepared], options)).toEqual(await anew.caption([prepared], options));
  }
  await Promise.all([kept.dispose(), anew.dispose()]);
});
