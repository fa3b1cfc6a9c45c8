import { Checkbox, NativeSelect } from '@mantine/core';

import { countOf } from '../../components/quantities.ts';

export type Place = 'beside' | 'afterwards';

/** When a model is to caption, and whether only the images selected among all of them. */
export function ModelWorkFields({
  place,
  selected,
  onlySelected,
  onPlace,
  onOnlySelected,
}: {
  place: Place;
  /** How many images are selected. */
  selected: number;
  onlySelected: boolean;
  onPlace: (place: Place) => void;
  onOnlySelected: (only: boolean) => void;
}) {
  return (
    <>
      <NativeSelect
        label="When"
        value={place}
        data={[
          { value: 'beside', label: 'At once, beside what trains' },
          { value: 'afterwards', label: 'When nothing trains' },
        ]}
        onChange={({ currentTarget }) => {
          onPlace(currentTarget.value as Place);
        }}
      />
      {selected > 0 && (
        <Checkbox
          size="xs"
          checked={onlySelected}
          label={`Only the ${countOf(selected, 'image')} selected`}
          onChange={({ currentTarget }) => {
            onOnlySelected(currentTarget.checked);
          }}
        />
      )}
    </>
  );
}
