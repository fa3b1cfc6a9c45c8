import type { TrainingImage } from '../jobs.ts';

/**
 * Images that are trained on, to be judged beside those held out: of every shape as many as are held out of it, as far as
 * there are, spread evenly over the data. What the losses of both differ by is then learned by heart.
 */
export function seenImages(
  images: readonly TrainingImage[],
  heldOut: readonly TrainingImage[],
): readonly TrainingImage[] {
  const shapeOf = ({ width, height }: TrainingImage) => `${width}x${height}`;
  const byShape = Map.groupBy(images, shapeOf);
  return [...Map.groupBy(heldOut, shapeOf)].flatMap(([shape, members]) => {
    const there = byShape.get(shape) ?? [];
    const count = Math.min(members.length, there.length);
    return Array.from({ length: count }, (_, at) => there[Math.floor((at * there.length) / count)]!);
  });
}
