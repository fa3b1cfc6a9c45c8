import { copyFile, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { readFluent } from './fluent.ts';

/**
 * Makes `resources/sample`: Fluent 3D emoji to finetune on, and a few held out whose captions the model never sees.
 * Chosen to be told apart at 64 pixels, and each also drawn in Noto, which the small base model knows.
 *
 *     node scripts/seedling/make-sample.ts
 */

const training = [
  ...['grinning face', 'winking face', 'smiling face with sunglasses', 'smiling face with heart-eyes'],
  ...['face with tears of joy', 'crying face', 'angry face', 'sleeping face', 'nerd face', 'cowboy hat face'],
  ...['ghost', 'robot', 'alien', 'elephant'],
  ...[
    'fox',
    'cat face',
    'dog face',
    'panda',
    'tiger face',
    'lion',
    'pig face',
    'rabbit face',
    'bear',
    'koala',
  ],
  ...['frog', 'penguin', 'owl', 'front-facing baby chick', 'turtle', 'octopus', 'tropical fish', 'crab'],
  ...['butterfly', 'lady beetle', 'T-Rex', 'unicorn'],
  ...['sunflower', 'rose', 'tulip', 'cactus', 'evergreen tree', 'palm tree', 'mushroom', 'four leaf clover'],
  ...['red apple', 'banana', 'strawberry', 'watermelon', 'lemon', 'grapes', 'carrot', 'avocado'],
  ...['hamburger', 'pizza', 'doughnut', 'cupcake', 'soft ice cream', 'hot beverage', 'teapot'],
  ...['rocket', 'automobile', 'sailboat', 'house', 'guitar', 'balloon', 'wrapped gift', 'soccer ball'],
  ...['light bulb', 'key', 'crown', 'bell', 'camera', 'star', 'fire', 'red heart', 'gem stone'],
];

const heldOut = [
  ...['star-struck', 'wolf', 'mouse face', 'duck', 'spouting whale', 'honeybee', 'cherry blossom'],
  ...['deciduous tree', 'green apple', 'birthday cake', 'bus', 'trumpet'],
];

const license = `The pictures in this folder are Fluent Emoji by Microsoft, in the 3D style, as published in the npm package
@lobehub/fluent-emoji-3d 1.1.0. Names and categories follow emojibase-data (MIT, Copyright (c) 2017-2019 Miles Johnson).

MIT License

Copyright (c) Microsoft Corporation.

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`;

const sample = fileURLToPath(new URL('../../resources/sample/', import.meta.url));
const emoji = new Map((await readFluent()).map((entry) => [entry.name, entry]));

for (const file of await readdir(sample, { recursive: true }))
  if (file.endsWith('.webp')) await rm(join(sample, file));
await mkdir(join(sample, 'held-out'), { recursive: true });
const rows = ['file_name,name,category,split'];
let bytes = 0;
for (const name of training) bytes += await add(name, '', 'train');
for (const name of heldOut) bytes += await add(name, 'held-out/', 'validation');
await writeFile(join(sample, 'metadata.csv'), rows.join('\n') + '\n');
await writeFile(join(sample, 'LICENSE'), license);
console.log(
  `${training.length} images and ${heldOut.length} held out, ${Math.round(bytes / 1024)} KiB, in ${sample}`,
);

async function add(name: string, folder: string, split: string): Promise<number> {
  const entry = emoji.get(name);
  if (entry === undefined) throw new Error(`no Fluent emoji is named '${name}'`);
  const file = `${folder}${name.toLowerCase().replaceAll(' ', '-')}.webp`;
  await copyFile(entry.path, join(sample, file));
  rows.push([file, name.toLowerCase(), entry.category, split].join(','));
  return (await stat(join(sample, file))).size;
}
