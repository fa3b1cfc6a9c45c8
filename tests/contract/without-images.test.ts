import { describe, expect, test } from 'vitest';

import { type Given, withoutImages } from '../../electron/contract/without-images.ts';

const file = (name: string): Given => ({ name, below: null });
const choose = 'Choose png, jpg, webp, bmp, gif, avif or tiff images, or a folder of them.';

describe('what holds no image is named, with what to do', () => {
  test.each([
    ['a.zip', 'a.zip is an archive.', 'Unpack it, then drop the folder.'],
    ['a.tar.gz', 'a.tar.gz is an archive.', 'Unpack it, then drop the folder.'],
    ['clip.MP4', 'clip.MP4 is a video.', 'Save frames of it as images, then drop those.'],
    ['sd.safetensors', 'sd.safetensors is a model file.', 'Add it under Models: Add a model, One file.'],
    [
      'scan.psd',
      'scan.psd is a picture in a format that is not read.',
      'Save it as PNG or JPEG, then drop the new files.',
    ],
    ['train.parquet', 'train.parquet is a table.', 'Save the images in it as files, then drop those.'],
    ['notes.md', 'notes.md is a text file.', choose],
    ['tool.exe', 'tool.exe is not an image.', choose],
  ])('%s', (name, message, hint) => {
    expect(withoutImages([file(name)])).toEqual({ message, hint });
  });

  test.each([
    [[], 'notes is an empty folder.', choose],
    [['a.txt', 'sub/b.md', 'c.json'], 'notes is a folder of 3 text files.', choose],
    [['a.bin', 'b.bin'], 'notes is a folder of 2 files that are not images.', choose],
    [['a.zip', 'b.zip'], 'notes is a folder of 2 archives.', 'Unpack them, then drop the folder.'],
    [
      ['a.txt', 'b.txt', 'c.zip', 'd.bin'],
      'notes is a folder of 2 text files, 1 archive and 1 file of another kind.',
      'Unpack the archive, then drop the folder.',
    ],
    [
      ['model_index.json', 'unet/diffusion_pytorch_model.safetensors'],
      'notes is the folder of a model.',
      'Add it under Models: Add a model, A diffusers folder.',
    ],
  ])('a folder of %j', (below, message, hint) => {
    expect(withoutImages([{ name: 'notes', below }])).toEqual({ message, hint });
  });

  test('several things together', () => {
    expect(withoutImages([file('a.mp4'), file('b.mp4'), { name: 'notes', below: ['a.txt'] }])).toEqual({
      message: 'There is no image among 2 videos and 1 text file.',
      hint: 'Save frames of the videos as images, then drop those.',
    });
    expect(
      withoutImages([
        { name: 'a', below: [] },
        { name: 'b', below: [] },
      ]),
    ).toMatchObject({ message: 'These folders are empty.' });
  });
});
