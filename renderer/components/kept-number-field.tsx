import { type ComponentProps, useState } from 'react';

import { NumberField } from './number-field.tsx';

type Shared = Omit<
  ComponentProps<typeof NumberField<false>>,
  'value' | 'onChange' | 'onLeave' | 'optional' | 'error'
>;

/**
 * A number that counts when its field is left or Enter is pressed, so that nothing half typed does. What is no number, or
 * no whole one where it must be, is forgotten then; what lies outside is brought to the nearer end.
 */
export function KeptNumberField({
  value,
  whole = false,
  onKeep,
  ...field
}: Shared & { value: number; whole?: boolean; onKeep: (value: number) => void }) {
  const [typed, setTyped] = useState<number | null>(null);
  const { min = 0, max = Number.POSITIVE_INFINITY } = field;
  const keep = () => {
    setTyped(null);
    if (typed === null || Number.isNaN(typed) || (whole && !Number.isInteger(typed))) return;
    const kept = Math.min(max, Math.max(min, typed));
    if (kept !== value) onKeep(kept);
  };
  return <NumberField {...field} value={typed ?? value} onChange={setTyped} onLeave={keep} />;
}
