import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';

import type { Sample } from '../../../../electron/contract/gallery.ts';
import { useFavourite, useLiveSamples } from '../../../../renderer/components/pictures/use-live-samples.ts';
import { useStudioQuery } from '../../../../renderer/studio/studio.tsx';
import { fakeStudio, renderWithStudio } from '../../fake-studio.tsx';

const sample = { id: 5, runId: 1, epoch: 2, prompt: 'a crab', favourite: false } as Sample;

/** The grid, which marks a picture, in place of the list of favourites, and back. */
function Favourites() {
  const { data } = useStudioQuery('gallery.favourites', {});
  return (
    <p>
      {data === undefined ? 'asked' : `favourites: ${data.map(({ prompt }) => prompt).join(', ') || 'none'}`}
    </p>
  );
}
function Grid() {
  useLiveSamples();
  const mark = useFavourite();
  return (
    <button
      onClick={() => {
        mark(sample);
      }}
    >
      mark
    </button>
  );
}

test('a picture marked while nobody looks at the favourites is among them when somebody does', async () => {
  let favourites: Sample[] = [];
  const studio = fakeStudio({
    'gallery.favourites': () => favourites,
    'gallery.setFavourite': () => {
      favourites = [{ ...sample, favourite: true }];
      studio.publish('changed', { subjects: ['samples'] });
      studio.publish('gallery.sample', favourites[0]!);
      return null;
    },
  });
  const { rerenderInside } = renderWithStudio(<Favourites />, studio);
  expect(await screen.findByText('favourites: none')).toBeTruthy();
  rerenderInside(<Grid />);
  await userEvent.setup().click(screen.getByRole('button', { name: 'mark' }));
  await waitFor(() => {
    expect(studio.inputsOf('gallery.setFavourite')).toHaveLength(1);
  });
  // The picture is written into what the page holds a moment later.
  await new Promise((resolve) => setTimeout(resolve, 120));
  rerenderInside(<Favourites />);
  expect(await screen.findByText('favourites: a crab')).toBeTruthy();
});
