import { act, screen, waitFor } from '@testing-library/react';
import { expect, test } from 'vitest';

import { calls, type InputOf, type QueryName } from '../../../electron/contract/api.ts';
import { query, type Subject, subjectSchema } from '../../../electron/contract/values.ts';
import { useStudioQuery } from '../../../renderer/studio/studio.tsx';
import { isKeptFresh, queriesAbout } from '../../../renderer/studio/subjects.ts';
import { fakeStudio, renderWithStudio } from '../fake-studio.tsx';

const names = Object.entries(calls).flatMap(([name, { kind }]) => (kind === 'query' ? [name] : []));

/** Shows how often its answer came. */
function Asked<M extends QueryName>({ name, input }: { name: M; input: InputOf<M> }) {
  const { data } = useStudioQuery(name, input);
  return <output>{JSON.stringify(data)}</output>;
}

/** A studio whose only answer is how often it was asked. */
function counting(name: QueryName) {
  let asked = 0;
  return fakeStudio({ [name]: () => (asked += 1) });
}

test.each<[QueryName, InputOf<QueryName>, Subject]>([
  ['captions.preview', { datasetId: 1, source: { kind: 'sidecar' } }, 'captions'],
  ['captions.preview', { datasetId: 1, source: { kind: 'sidecar' } }, 'images'],
  ['captions.previewReplace', { captionSetId: 1, find: 'a', replace: 'b' }, 'images'],
  ['gallery.favourites', {}, 'samples'],
  ['gallery.history', {}, 'samples'],
  ['gallery.sample', { sampleId: 1 }, 'samples'],
])('%s with %j is asked again when %s change, and for nothing else', async (name, input, subject) => {
  const studio = counting(name);
  renderWithStudio(<Asked name={name} input={input} />, studio);
  await screen.findByText('1');
  const others = subjectSchema.options.filter((other) => !queriesAbout([other]).has(name));
  act(() => {
    studio.publish('changed', { subjects: others });
  });
  expect(studio.calls).toHaveLength(1);
  act(() => {
    studio.publish('changed', { subjects: [subject] });
  });
  await screen.findByText('2');
});

test.each<[QueryName, InputOf<QueryName>]>([
  ['system.log', { lines: 5 }],
  ['system.browse', { folder: null }],
])('%s, of which nobody tells, is asked anew whenever it is shown', async (name, input) => {
  const studio = counting(name);
  const shown = renderWithStudio(<Asked name={name} input={input} />, studio);
  await screen.findByText('1');
  shown.rerenderInside(null);
  shown.rerenderInside(<Asked name={name} input={input} />);
  await screen.findByText('2');
  act(() => {
    studio.publish('changed', { subjects: subjectSchema.options });
  });
  await waitFor(() => {
    expect(studio.calls).toHaveLength(2);
  });
});

test('only what cannot be told of, or comes with a version, is about nothing', () => {
  expect(names.filter((name) => !isKeptFresh(name as QueryName))).toEqual([
    'gpu.load',
    'system.log',
    'system.browse',
  ]);
});

test.each(subjectSchema.options)('a change of %s concerns some query', (subject) => {
  expect(queriesAbout([subject]).size).toBeGreaterThan(0);
});

test('commands are about nothing that could be asked again', () => {
  expect([...queriesAbout(subjectSchema.options)].every((name) => names.includes(name))).toBe(true);
});

test('a query that does not say what it is about does not compile', () => {
  const { input, output } = calls['models.list'];
  // @ts-expect-error -- what it is about is missing
  const forgotten = () => query(input, output);
  // @ts-expect-error -- it is about nothing, and does not say why
  const unexplained = () => query({ about: [] }, input, output);
  // @ts-expect-error -- there is no such subject
  const unknown = () => query({ about: ['weather'] }, input, output);
  expect([forgotten, unexplained, unknown]).toHaveLength(3);
  expect(query({ about: ['models'] }, input, output).about).toEqual(['models']);
});
