import { TextInput } from '@mantine/core';
import { useState } from 'react';

import { Section, type SectionProps } from './section.tsx';

/** The ways to what is downloaded; nothing is without a click. */
export function DownloadsSection({ settings, change }: SectionProps) {
  return (
    <Section title="Downloads" about="Screenfold fetches nothing unless you ask for it.">
      <AddressField
        label="Mirror of Hugging Face"
        description="Used instead of huggingface.co. Empty: huggingface.co, or HF_ENDPOINT where that is set."
        placeholder="https://…"
        kept={settings.mirror}
        onKeep={(mirror) => {
          change({ mirror });
        }}
      />
      <AddressField
        label="Proxy"
        description="Empty: the system’s own, from HTTPS_PROXY."
        placeholder="http://host:port"
        kept={settings.proxy}
        onKeep={(proxy) => {
          change({ proxy });
        }}
      />
    </Section>
  );
}

function AddressField({
  kept,
  onKeep,
  ...field
}: {
  label: string;
  description: string;
  placeholder: string;
  kept: string;
  onKeep: (address: string) => void;
}) {
  const [typed, setTyped] = useState(kept);
  const isAddress = typed.trim() === '' || /^https?:\/\/\S+$/.test(typed.trim());
  return (
    <TextInput
      {...field}
      maw={480}
      value={typed}
      error={isAddress ? undefined : 'An address begins with http:// or https://'}
      onChange={({ currentTarget }) => {
        setTyped(currentTarget.value);
      }}
      onBlur={() => {
        if (isAddress && typed.trim() !== kept) onKeep(typed.trim());
      }}
    />
  );
}
