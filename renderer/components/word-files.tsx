import { ActionIcon, Button, Group, Stack, Text, Tooltip } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';

import type { SamplerSettings } from '../../electron/contract/values.ts';
import { usePathPicker } from './path-picker.tsx';

type Words = NonNullable<SamplerSettings['embeddings']>;

/** Files of new words (embeddings) that prompts may say. */
export function WordFiles({
  files = [],
  label = 'Add a new word',
  onChange,
}: {
  files: Words | undefined;
  /** Of the button that adds one. */
  label?: string;
  /** With undefined where none is left. */
  onChange: (files: Words | undefined) => void;
}) {
  const change = (files: Words) => {
    onChange(files.length > 0 ? files : undefined);
  };
  const { pick, dialog } = usePathPicker({
    what: 'model-file',
    title: 'File of a new word',
    confirm: 'Use this file',
    onPick: (file) => {
      if (!files.some((one) => one.file === file)) change([...files, { file }]);
    },
  });
  return (
    <Stack gap={6} role="group" aria-label="New words">
      {files.map(({ file }) => (
        <Group key={file} gap="xs" wrap="nowrap" justify="space-between">
          <Text size="sm" truncate title={file}>
            {nameOf(file)}
          </Text>
          <Tooltip label="Leave it out">
            <ActionIcon
              variant="default"
              aria-label={`Leave ${nameOf(file)} out`}
              onClick={() => {
                change(files.filter((one) => one.file !== file));
              }}
            >
              <IconX size={18} />
            </ActionIcon>
          </Tooltip>
        </Group>
      ))}
      <Group>
        <Tooltip
          multiline
          w={260}
          position="bottom-start"
          label="A file made by textual inversion (an embedding). Prompts can then say its word."
        >
          <Button
            size="compact-xs"
            variant="subtle"
            color="gray"
            leftSection={<IconPlus size={14} aria-hidden />}
            onClick={pick}
          >
            {label}
          </Button>
        </Tooltip>
      </Group>
      {dialog}
    </Stack>
  );
}

/** `glyph`: what A1111 and kohya call a word. */
function nameOf(file: string): string {
  return file.replace(/^.*[/\\]/, '').replace(/\.[^.]+$/, '');
}
