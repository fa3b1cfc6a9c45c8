/**
 * Classifier-free guidance (Ho and Salimans 2022): unconditional + scale * (conditional - unconditional).
 *
 * `modelOutput`: `[2 * pictures, ...]`, the unconditional half first. The result takes the place of that half and is
 * returned as a view of it. `scale` 1 gives the conditional output.
 * `rescale` (Lin et al. 2023, section 3.4; 0 for none, 0.7 is usual with a zero terminal signal-to-noise ratio) moves
 * each picture's standard deviation this far back to that of its conditional output.
 */
export function applyGuidance(
  modelOutput: Float32Array<ArrayBuffer>,
  pictures: number,
  scale: number,
  rescale = 0,
): Float32Array<ArrayBuffer> {
  const half = modelOutput.length / 2;
  const size = half / pictures;
  if (!Number.isInteger(size)) {
    throw new Error(`An output of ${modelOutput.length} values is not two halves of ${pictures} pictures`);
  }
  const guided = modelOutput.subarray(0, half);
  const conditional = modelOutput.subarray(half);
  for (let i = 0; i < half; i++) guided[i] = guided[i]! + scale * (conditional[i]! - guided[i]!);
  if (rescale === 0) return guided;
  for (let start = 0; start < half; start += size) {
    const picture = guided.subarray(start, start + size);
    const wanted = standardDeviation(conditional.subarray(start, start + size));
    const factor = rescale * (wanted / standardDeviation(picture)) + (1 - rescale);
    for (let i = 0; i < size; i++) picture[i] = picture[i]! * factor;
  }
  return guided;
}

function standardDeviation(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}
