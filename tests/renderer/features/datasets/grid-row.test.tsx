import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';

import { imageQuerySchema } from '../../../../electron/contract/datasets.ts';
import { GridRow } from '../../../../renderer/features/datasets/images/grid-row.tsx';
import { DatasetViewProvider } from '../../../../renderer/features/datasets/use-view.tsx';
import { fakeStudio, renderWithStudio } from '../../fake-studio.tsx';
import { readsFourWords } from '../../read-texts.ts';
import { dataset, imageRow } from './examples.ts';

test('a row of the grid shows which captions are longer than the base reads, and by how much', async () => {
  const rows = [
    imageRow(1, { caption: 'a cat' }),
    imageRow(2, { caption: 'a cat in the snow' }),
    imageRow(3, { caption: null }),
  ];
  const studio = fakeStudio({ ...readsFourWords, 'datasets.images': () => ({ total: 3, rows }) });
  renderWithStudio(
    <DatasetViewProvider datasetId={dataset.id}>
      <GridRow
        datasetId={dataset.id}
        query={imageQuerySchema.parse({})}
        first={0}
        columns={3}
        count={3}
        top={0}
        tile={200}
        isScrolling={() => false}
      />
    </DatasetViewProvider>,
    studio,
  );
  const cut = await screen.findByRole('option', {
    name: 'cat-2.png, a cat in the snow, 5 tokens; Seedling reads 4.',
  });
  expect(cut.textContent).toContain('5 of 4');
  expect(cut.title).toBe('cat-2.png\n5 tokens; Seedling reads 4.');
  expect(screen.getByRole('option', { name: 'cat-1.png, a cat' }).title).toBe('cat-1.png');
  expect(studio.inputsOf('models.readTexts')).toEqual([
    { modelId: null, texts: ['a cat', 'a cat in the snow'] },
  ]);
});
