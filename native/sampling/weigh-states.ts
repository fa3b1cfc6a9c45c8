import type { StateWeights } from '../families/family.ts';

/**
 * Attention weights as A1111's "Original" emphasis lays them on: each token's hidden state is multiplied by its weight, then all of
 * them by what brings their mean back to what it was. That is done chunk by chunk and encoder by encoder, as A1111 does for a single
 * picture. The numbers are changed in place.
 *
 * @param states of one chunk [tokens, sum of widths]
 */
export function weighStates(states: Float32Array, encoders: readonly StateWeights[]): void {
  const row = encoders.reduce((sum, { width }) => sum + width, 0);
  let column = 0;
  for (const { width, weights } of encoders) {
    const begin = column;
    const mean = (): number => {
      let sum = 0;
      for (let token = 0; token < weights.length; token++)
        for (let i = 0; i < width; i++) sum += states[token * row + begin + i]!;
      return sum / (weights.length * width);
    };
    const multiply = (factorOf: (token: number) => number): void => {
      for (let token = 0; token < weights.length; token++) {
        const factor = factorOf(token);
        for (let i = 0; i < width; i++) {
          const place = token * row + begin + i;
          states[place] = states[place]! * factor;
        }
      }
    };
    const before = mean();
    multiply((token) => weights[token]!);
    const after = mean();
    if (after !== 0) multiply(() => before / after);
    column += width;
  }
}
