import { fireEvent, screen, waitFor } from '@testing-library/react';
import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { WindowDrop } from '../../../renderer/app/window-drop.tsx';
import { ImportingProvider } from '../../../renderer/features/datasets/import/importing-provider.tsx';
import { fakeStudio, renderWithStudio } from '../fake-studio.tsx';

function draw() {
  const studio = fakeStudio({
    'datasets.import': () => ({ datasetId: 9 }),
    'models.add': () => ({ modelId: 4 }),
  });
  vi.stubGlobal('screenfoldDesktop', { pathOf: ({ name }: File) => `/given/${name}` });
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
  const { location } = renderWithStudio(
    <ImportingProvider>
      <WindowDrop />
      <p
        onDrop={(event) => {
          event.preventDefault();
        }}
      >
        taken here
      </p>
      <p>not taken here</p>
    </ImportingProvider>,
    studio,
    '/train',
  );
  /** @returns whether the browser would have opened the files */
  const drop = (text: string, ...names: readonly string[]) =>
    fireEvent.drop(screen.getByText(text), {
      dataTransfer: { types: ['Files'], files: names.map((name) => new File([], name)) },
    });
  return { studio, location, drop };
}

describe('a drop where the screen takes none', () => {
  test('brings a model to the models', async () => {
    const { studio, location, drop } = draw();
    expect(drop('not taken here', 'sd.safetensors')).toBe(false);
    await waitFor(() => {
      expect(location()).toBe('/models/4');
    });
    expect(studio.inputsOf('models.add')).toEqual([{ path: '/given/sd.safetensors' }]);
  });

  test('makes a data set of images', async () => {
    const { studio, location, drop } = draw();
    expect(drop('not taken here', 'fox.png')).toBe(false);
    await waitFor(() => {
      expect(location()).toBe('/datasets/9');
    });
    expect(studio.inputsOf('datasets.import')).toMatchObject([{ paths: ['/given/fox.png'] }]);
  });

  test('leaves alone what the screen takes, and pictures of the page itself', async () => {
    const { studio, drop } = draw();
    drop('taken here', 'fox.png');
    fireEvent.dragStart(screen.getByText('not taken here'));
    expect(drop('not taken here', 'fox.png')).toBe(false);
    fireEvent.dragEnd(screen.getByText('not taken here'));
    drop('not taken here', 'sd.safetensors');
    await waitFor(() => {
      // It is asked whether it is a LoRA first, which only its header tells.
      expect(studio.calls.map(({ method }) => method)).toEqual(['loras.add', 'models.add']);
    });
  });
});
