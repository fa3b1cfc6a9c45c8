import { join } from 'node:path';

import { expect, test, vi } from 'vitest';

import { captionPictures } from '../../native/captioning/caption-pictures.ts';
import { usualCaptioning } from '../../native/facts/captioning.ts';
import { openRuntime } from '../../native/runtime/open-runtime.ts';
import type { DeviceChoice } from '../../native/runtime/runtime.ts';
import { deviceStandIn } from '../runtime/device-stand-in.ts';
import { captioningFixtures, tinyTagger } from './fixtures.ts';

const disposed = vi.hoisted(() => [] as string[]);
vi.mock('../../native/runtime/providers.ts', () => ({
  // WebGPU is the best there is.
  chooseRuntime: async ({ provider = 'webgpu' }: DeviceChoice) => {
    const cpu = await openRuntime('cpu', 'c-api', 1, provider);
    const runtime = provider === 'cpu' ? cpu : deviceStandIn(cpu, { keepsOrder: true });
    const dispose = async (): Promise<void> => {
      await runtime.dispose();
      disposed.push(provider);
    };
    return { ...runtime, provider, notes: [], dispose };
  },
}));

test.each([
  { name: 'a tagger', folder: tinyTagger, provider: 'webgpu' },
  { name: 'a model that writes', folder: join(captioningFixtures, 'florence-2'), provider: 'cpu' },
])('where WebGPU is the best there is, $name is run on $provider', async ({ folder, provider }) => {
  disposed.length = 0;
  const notes: string[] = [];
  const captions: (string | undefined)[] = [];
  await captionPictures(
    {
      kind: 'caption',
      model: folder,
      options: { ...usualCaptioning, beams: 1, longest: 4 },
      pictures: [join(captioningFixtures, 'pictures', '01-plain.png')],
      device: {},
    },
    {
      stop: new AbortController().signal,
      emit: (event) => {
        if (event.type === 'note') notes.push(event.message);
        if (event.type === 'captions')
          captions.push(...event.captions.map((one) => ('text' in one ? one.text : undefined)));
      },
    },
  );
  expect(captions).toHaveLength(1);
  // That of WebGPU is given up where it does not serve.
  expect(disposed).toEqual([...new Set(['webgpu', provider])]);
  expect(notes.some((note) => note.startsWith('WebGPU is not used'))).toBe(provider === 'cpu');
});
