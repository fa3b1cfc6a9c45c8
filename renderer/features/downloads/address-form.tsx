import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';

import { FailureNote } from '../../components/failure-note.tsx';
import { useStudioCommand } from '../../studio/studio.tsx';
import { TokenField } from './token-field.tsx';

/** A model by its address, with the token that its host may want. */
export function AddressForm() {
  const start = useStudioCommand('downloads.startAddress');
  const [address, setAddress] = useState('');
  const [token, setToken] = useState('');
  const [sha256, setSha256] = useState('');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        start.mutate(
          { address, token, sha256 },
          {
            onSuccess: () => {
              setAddress('');
              setToken('');
              setSha256('');
            },
          },
        );
      }}
    >
      <Stack gap="sm" maw={720}>
        <TextInput
          label="Address of the file"
          placeholder="https://huggingface.co/…/resolve/main/model.safetensors"
          value={address}
          onChange={({ currentTarget }) => {
            setAddress(currentTarget.value);
          }}
        />
        <Group gap="sm" grow align="start">
          <TokenField value={token} onChange={setToken} />
          <TextInput
            label="SHA-256"
            description="If the model’s page gives one."
            value={sha256}
            onChange={({ currentTarget }) => {
              setSha256(currentTarget.value);
            }}
          />
        </Group>
        {start.error !== null && <FailureNote error={start.error} />}
        <div>
          <Button type="submit" variant="default" loading={start.isPending} disabled={address.trim() === ''}>
            Download this file
          </Button>
        </div>
      </Stack>
    </form>
  );
}
