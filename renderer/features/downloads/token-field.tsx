import { PasswordInput } from '@mantine/core';

/** What the host of a download may want to be shown. */
export function TokenField({ value, onChange }: { value: string; onChange: (token: string) => void }) {
  return (
    <PasswordInput
      label="Access token"
      description="Only if the host asks for one. It is sent to that host alone."
      autoComplete="off"
      value={value}
      onChange={({ currentTarget }) => {
        onChange(currentTarget.value);
      }}
    />
  );
}
