import { SegmentedControl, Stack, Text } from '@mantine/core';

/** One of a few values side by side, under what is chosen. */
export function ChoiceOfFew<Value extends string>({
  label,
  choices,
  value,
  onChange,
}: {
  label: string;
  choices: readonly { readonly value: Value; readonly label: string }[];
  value: Value;
  onChange: (value: Value) => void;
}) {
  return (
    <Stack gap={6}>
      <Text size="sm" fw={500}>
        {label}
      </Text>
      <SegmentedControl aria-label={label} data={[...choices]} value={value} onChange={onChange} />
    </Stack>
  );
}
