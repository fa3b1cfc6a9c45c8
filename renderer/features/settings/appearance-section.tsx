import { SegmentedControl } from '@mantine/core';

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
    </Section>
  );
}
