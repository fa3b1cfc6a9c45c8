import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';

import type { RunSummary } from '../../../electron/contract/runs.ts';
import { RemoveDataset } from '../../../renderer/features/datasets/remove-dataset.tsx';
import { RemoveModel } from '../../../renderer/features/models/remove-model.tsx';
import { RemoveRun } from '../../../renderer/features/runs/remove-run.tsx';
import { useStudioQuery } from '../../../renderer/studio/studio.tsx';
import { exampleDataset, exampleModel, exampleRun } from '../example-run.ts';
import { fakeStudio, renderWithStudio } from '../fake-studio.tsx';

const ended: RunSummary = { ...exampleRun, status: 'finished' };
const nothing = () => undefined;

function Names() {
  const { data } = useStudioQuery('datasets.list', {});
  return <p>{data?.length === 0 ? 'no data sets' : data?.map(({ name }) => name).join(', ')}</p>;
}

function studioOf(run = ended) {
  return fakeStudio({
    'datasets.list': () => [exampleDataset],
    'datasets.remove': () => null,
    'runs.list': () => [run],
    'captions.sets': () => [
      {
        id: 1,
        datasetId: 1,
        name: 'mine',
        source: { kind: 'hand' },
        tags: { shuffle: false, keepFirst: 1, dropout: 0, variants: 8 },
        captioned: 4,
        uncaptioned: 0,
        byHand: 4,
      },
    ],
    'gallery.favourites': () => [],
    'models.list': () => [{ ...exampleModel, id: 5, name: 'kept', kind: 'finetune', runId: 7, epoch: 2 }],
  });
}

const removing = (
  <>
    <Names />
    <RemoveDataset datasetId={1} name="Fluent emoji" open onClose={nothing} />
  </>
);

test('what uses a data set is said, what is lost too, and it comes back by one click', async () => {
  const studio = studioOf();
  const user = userEvent.setup();
  renderWithStudio(removing, studio);
  expect(await screen.findByText(/Lost: 1 caption set, with 4 captions written by hand/)).toBeTruthy();
  expect(screen.getByText(/The run emoji, full was trained on it and stays/)).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Remove data set' }));
  expect(await screen.findByText('no data sets')).toBeTruthy();
  await user.click(await screen.findByRole('button', { name: 'Undo' }));
  expect(await screen.findByText('Fluent emoji', { selector: 'p' })).toBeTruthy();
  expect(studio.inputsOf('datasets.remove')).toEqual([]);
});

test('what is removed is gone for good when the notice is put away, or the page closed', async () => {
  const studio = studioOf();
  const user = userEvent.setup();
  const { unmount } = renderWithStudio(removing, studio);
  await user.click(await screen.findByRole('button', { name: 'Remove data set' }));
  await user.click(await screen.findByRole('button', { name: 'Close this notice' }));
  await waitFor(() => {
    expect(studio.inputsOf('datasets.remove')).toEqual([{ datasetId: 1 }]);
  });
  unmount();

  const other = studioOf();
  renderWithStudio(removing, other);
  await user.click(await screen.findByRole('button', { name: 'Remove data set' }));
  window.dispatchEvent(new Event('pagehide'));
  await waitFor(() => {
    expect(other.inputsOf('datasets.remove')).toEqual([{ datasetId: 1 }]);
  });
});

test('a data set that a run needs cannot be removed, and the run is named', async () => {
  renderWithStudio(removing, studioOf(exampleRun));
  expect(await screen.findByText(/The run emoji, full needs it/)).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Remove data set' })).toHaveProperty('disabled', true);
});

test('of a run it is said which models stay, of a model which runs began with it', async () => {
  renderWithStudio(
    <>
      <RemoveRun run={{ ...ended, checkpoints: [1, 2] }} open onClose={nothing} />
      <RemoveModel model={exampleModel} open onClose={nothing} />
    </>,
    studioOf(),
  );
  expect(await screen.findByText(/The model kept stays/)).toBeTruthy();
  expect(screen.getByText(/Its 2 checkpoints and all its pictures are deleted/)).toBeTruthy();
  expect(await screen.findByText(/The run emoji, full began with it and stays/)).toBeTruthy();
});
