import { expect, test } from 'vitest';

import { firstTemplate } from '../../electron/contract/first-template.ts';

test('the first template is over the fields that most images have, and no file names', () => {
  const fields = [
    { name: 'file_name', images: 10 },
    { name: 'rare', images: 1 },
    { name: 'name', images: 10 },
    { name: 'type', images: 9 },
  ];
  expect(firstTemplate(fields)).toBe('a picture of ${name}, ${type}');
});

test('the first template says what an image is called before what kind of thing that is', () => {
  const fields = ['kind', 'name', 'tags'].map((name) => ({ name, images: 10 }));
  expect(firstTemplate(fields)).toBe('a picture of ${name}, ${kind}');
});

test('without a field to fill in there is no first template, for its words would name nothing', () => {
  expect(firstTemplate([])).toBe('');
  expect(firstTemplate([{ name: 'file_name', images: 10 }])).toBe('');
});

test('a first template is what describes the images already, and names their folder where nothing else does', () => {
  const folder = { name: 'folder', images: 10 };
  expect(firstTemplate([folder, { name: 'text', images: 4 }, { name: 'author', images: 10 }])).toBe(
    '${text}',
  );
  expect(firstTemplate([folder, { name: 'kind', images: 4 }])).toBe('a picture of ${kind}');
  expect(firstTemplate([folder])).toBe('a picture of ${folder}');
});

test('a first template has no field that a template cannot name, or nobody could copy', () => {
  const odd = ['x${y}', '{z}', 'z}', '$d', ' lead', 'tab\tname', 'line\nname', '\u001b[31mred', 'a\u202eb'];
  const fields = (names: readonly string[]) => names.map((name) => ({ name, images: 10 }));
  expect(firstTemplate(fields(odd))).toBe('');
  expect(firstTemplate(fields([...odd, "who's it", 'a.b', 'größe']))).toBe(
    "a picture of ${who's it}, ${a.b}",
  );
});
