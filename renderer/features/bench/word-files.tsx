import { ActionIcon, Button, Group, Stack, Text, Tooltip } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';

import { usePathPicker } from '../../components/path-picker.tsx';
import type { BenchDraft } from './bench-draft.ts';
import classes from './bench-screen.module.css';

/** Files of new words (embeddings) that the prompt may say. */
export function WordFiles({ draft, onChange }: { draft: BenchDraft; onChange: (draft: BenchDraft) => void }) {
  const { embeddings = [], ...recipe } = draft.recipe;
  const change = (files: typeof embeddings) => {
    onChange({ ...draft, recipe: { ...recipe, ...(files.length > 0 && { embeddings: files }) } });
  };
  const { pick, dialog } = usePathPicker({
    what: 'model-file',
    title: 'File of a new word',
    confirm: 'Use this file',
    onPick: (file) => {
      if (!embeddings.some((one) => one.file === file)) change([...embeddings, { file }]);
    },
  });
  return (
    <Stack gap={6} role="group" aria-label="New words">
      {embeddings.map(({ file }) => (
        <Group key={file} gap="xs" wrap="nowrap" justify="space-between">
          <Text size="sm" truncate title={file}>
            {nameOf(file)}
          </Text>
          <Tooltip label="Leave it out">
            <ActionIcon
              variant="default"
              aria-label={`Leave ${nameOf(file)} out`}
              onClick={() => {
                change(embeddings.filter((one) => one.file !== file));
              }}
            >
              <IconX size={18} />
            </ActionIcon>
          </Tooltip>
        </Group>
      ))}
      <Tooltip label="A file of a word made by textual inversion (an embedding), which the prompt then may say">
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          className={classes.addLora}
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={pick}
        >
          Add a new word
        </Button>
      </Tooltip>
      {dialog}
    </Stack>
  );
}

/** `glyph`: what A1111 and kohya call a word. */
function nameOf(file: string): string {
  return file.replace(/^.*[/\\]/, '').replace(/\.[^.]+$/, '');
}
