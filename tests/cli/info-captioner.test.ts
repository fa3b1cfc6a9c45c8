import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { captioningFixtures } from '../captioning/fixtures.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { screenfold } from './typed.ts';

test.each([
  ['tagger', 'Tagger', /writes tags: it knows \d+ tags\n/],
  ['blip', 'BLIP', /writes sentences: its vocabulary has \d+ tokens\n/],
  ['florence-2', 'Florence-2', /writes sentences: its vocabulary has [\d,]+ tokens\n/],
])('info says of a captioning model what it is: %s', async (name, kind, vocabulary) => {
  const { code, out, error } = await screenfold(captioningFixtures, ['info', name]);
  expect([code, error]).toEqual([0, '']);
  expect(out).toContain(`${join(captioningFixtures, name)}: a captioning model (${kind})\n`);
  expect(out).toMatch(vocabulary);
  expect(out).toMatch(/^ {2}[\d.]+ [kM]?B$/m);
  const json = await screenfold(captioningFixtures, ['info', name, '--json']);
  expect(JSON.parse(json.out)).toMatchObject({ kind: 'captioner', captioner: name });
});

test('info names what a captioning model lacks', async () => {
  const folder = temporaryFolder();
  cpSync(join(captioningFixtures, 'blip'), join(folder, 'blip'), { recursive: true });
  rmSync(join(folder, 'blip', 'vision_model.onnx'));
  const { code, error } = await screenfold(folder, ['info', 'blip']);
  expect([code, error]).toEqual([1, expect.stringContaining('vision_model.onnx')]);
});
