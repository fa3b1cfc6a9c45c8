import { Radio, SegmentedControl, Stack } from '@mantine/core';

import { Section, type SectionProps } from './section.tsx';

export function AppearanceSection({ settings, change }: SectionProps) {
  return (
    <Section title="Appearance">
      <SegmentedControl
        aria-label="Theme"
        w="fit-content"
        value={settings.theme}
        data={[
          { value: 'light', label: 'Light' },
          { value: 'dark', label: 'Dark' },
          { value: 'system', label: 'System' },
        ]}
        onChange={(theme) => {
          change({ theme: theme });
        }}
      />
      <Radio.Group
        label="Small pictures, when enlarged"
        value={settings.enlarged}
        onChange={(enlarged) => {
          change({ enlarged: enlarged === 'crisp' ? 'crisp' : 'smooth' });
        }}
      >
        <Stack gap={6} mt={6}>
          <Radio value="smooth" label="Smooth" />
          <Radio value="crisp" label="Crisp" description="Every pixel shows as a square." />
        </Stack>
      </Radio.Group>
    </Section>
  );
}
