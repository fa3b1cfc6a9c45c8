import { join } from 'node:path';

import { beforeAll, expect, test } from 'vitest';

import type { JobEvent } from '../../native/jobs.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import { generate } from '../../native/sampling/generate.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { drawImages, tinyJob, trainHere, writeTinyModel } from './tiny-model.ts';

const folder = temporaryFolder();
beforeAll(() => writeTinyModel(join(folder.path, 'base')));

const notesOf = (events: readonly JobEvent[]): readonly string[] =>
  events.flatMap((event) => (event.type === 'note' ? [event.message] : []));

/** What a job says that may choose: the device, and why not a better one. */
async function expected(): Promise<readonly string[]> {
  const runtime = await chooseRuntime({});
  await runtime.dispose();
  return [runtime.description, ...runtime.notes];
}

test('training says what it runs on, and why not on something better', async () => {
  const images = await drawImages(join(folder.path, 'images'), 1);
  const job = tinyJob({
    folder: join(folder.path, 'run'),
    base: join(folder.path, 'base'),
    images,
    device: {},
  });
  const { events } = await trainHere(job, undefined, AbortSignal.abort());
  expect(notesOf(events)).toEqual(await expected());
});

test('so does making pictures', async () => {
  const events: JobEvent[] = [];
  const emit = (event: JobEvent): void => {
    events.push(event);
  };
  await generate(
    { kind: 'generate', pictures: [], batchSize: 1, device: {} },
    { emit, stop: new AbortController().signal },
  );
  expect(notesOf(events)).toEqual(await expected());
});
