import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { findCaptioner } from '../../native/captioning/captioner-files.ts';
import { openCaptioner } from '../../native/captioning/open-captioner.ts';
import { usualCaptioning } from '../../native/facts/captioning.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { captioningFixtures } from './fixtures.ts';

const published = join(captioningFixtures, 'published');
const { captions } = JSON.parse(readFileSync(join(published, 'captions.json'), 'utf8')) as {
  readonly captions: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>;
};

let runtime: Runtime;
beforeAll(async () => {
  runtime = await chooseRuntime({ provider: 'cpu' });
});
afterAll(() => runtime.dispose());

/** The folder of a model as its page has it, with the graphs of one rounding. */
function folderOf(name: string, rounding: string): string {
  const folder = temporaryFolder();
  for (const file of readdirSync(join(captioningFixtures, name)).filter((one) => one.endsWith('.json')))
    cpSync(join(captioningFixtures, name, file), join(folder, file));
  const isWanted = (path: string) =>
    !path.endsWith('.onnx') ||
    /(_fp16|_quantized)?\.onnx$/.exec(path)![1] === (rounding === '' ? undefined : rounding);
  cpSync(join(published, name), folder, { recursive: true, filter: isWanted });
  return folder;
}

const tidy = (text: string) => text.replaceAll(/\s+/g, ' ').trim();
const layouts = Object.entries(captions).flatMap(([name, byRounding]) =>
  Object.entries(byRounding).map(([rounding, texts]) => [name, rounding, texts] as const),
);

test.each(layouts)(
  'a tiny %s as it is published (graphs*%s.onnx) writes token by token what its reference does',
  async (name, rounding, texts) => {
    const folder = folderOf(name, rounding);
    const files = await findCaptioner(folder);
    expect(files.kind === 'tagger' ? '' : files.decoder).toContain(rounding === '' ? 'decoder' : rounding);
    const captioner = await openCaptioner(runtime, folder);
    const options = { ...usualCaptioning, beams: 1, longest: 16, detail: 'short' } as const;
    try {
      for (const [picture, text] of Object.entries(texts)) {
        const prepared = await captioner.prepare(join(captioningFixtures, 'pictures', picture));
        expect(await captioner.caption([prepared], options), picture).toEqual([tidy(text)]);
      }
    } finally {
      await captioner.dispose();
    }
  },
);

test('a merged decoder that says whether it goes on follows several sentences at once', async () => {
  const [merged, plain] = [
    await openCaptioner(runtime, folderOf('florence-2', '')),
    await openCaptioner(runtime, join(captioningFixtures, 'florence-2')),
  ];
  for (const picture of ['08-rotated.jpg', '09-wide.png']) {
    const prepared = await merged.prepare(join(captioningFixtures, 'pictures', picture));
    const options = { ...usualCaptioning, beams: 4, longest: 30 };
    expect(await merged.caption([prepared], options)).toEqual(await plain.caption([prepared], options));
  }
  await Promise.all([merged.dispose(), plain.dispose()]);
});
