/** Fewer images than this are all wanted for training. */
const enoughToHoldOut = 20;

/** How many of so many images are proposed to be held out where none are; null: none. */
export function proposedHoldOut(images: number): number | null {
  return images < enoughToHoldOut ? null : Math.min(50, Math.max(2, Math.round(images / 20)));
}
