import type { Parameter } from '../models/parameter.ts';
import type { ReadWeight } from '../models/weight-tensor.ts';

/** Magnitudes of a DoRA that changes nothing yet: how long the weights of each output are (Liu et al. 2024, section 4). */
export async function firstMagnitudes(
  { component, shape, adapter }: Parameter,
  parameters: readonly Parameter[],
  readWeight: ReadWeight,
): Promise<Float32Array<ArrayBuffer>> {
  const key = `${adapter!.module}.weight`;
  const adapted = parameters.find((parameter) => parameter.component === component && parameter.key === key);
  const weight = await readWeight(adapted!);
  const outputs = shape[0]!;
  const each = weight.length / outputs;
  return Float32Array.from({ length: outputs }, (_, output) => {
    let sum = 0;
    for (let i = output * each; i < (output + 1) * each; i++) sum += weight[i]! ** 2;
    return Math.sqrt(sum);
  });
}
