import { Select } from '@mantine/core';
import { useState } from 'react';

import { cardMemoryText } from '../../electron/contract/quantities.ts';
import { useStudioQuery } from '../studio/studio.tsx';

interface GpuSelectProps {
  /** A GPU's place; null: the one with most free memory. */
  readonly value: string | null;
  readonly onChange: (place: string | null) => void;
}

/** Which of several NVIDIA GPUs to use; nothing where there is no choice. */
export function GpuSelect({ value, onChange }: GpuSelectProps) {
  const { data: status } = useStudioQuery('gpu.status', {});
  const [isOpen, setIsOpen] = useState(false);
  // What is free is another every minute; its driver tells that at once, and nothing is tried out for it.
  const { data: now = [] } = useStudioQuery('gpu.load', {}, { enabled: isOpen });
  const gpus = now.length > 0 ? now : (status?.gpus ?? []);
  const isThere = value === null || gpus.some(({ busId }) => busId === value);
  if (gpus.length < 2 && isThere) return null;
  return (
    <Select
      label="GPU"
      maw={420}
      allowDeselect={false}
      value={value ?? 'most'}
      data={[
        { value: 'most', label: 'The one with most free memory' },
        ...gpus.map(({ name, memoryMib, freeMib, busId }, number) => ({
          value: busId,
          label: `${number}: ${name}, ${cardMemoryText(freeMib)} of ${cardMemoryText(memoryMib)} free`,
        })),
        ...(isThere ? [] : [{ value, label: 'One that is not in this computer now' }]),
      ]}
      onDropdownOpen={() => {
        setIsOpen(true);
      }}
      onDropdownClose={() => {
        setIsOpen(false);
      }}
      error={isThere ? null : 'This GPU is not in this computer now. Choose another.'}
      onChange={(chosen) => {
        onChange(chosen === 'most' ? null : chosen);
      }}
    />
  );
}
