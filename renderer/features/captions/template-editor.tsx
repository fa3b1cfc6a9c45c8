import { Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { useLayoutEffect, useRef } from 'react';

import type { DatasetDetail } from '../../../electron/contract/datasets.ts';
import { countOf, countText } from '../../components/quantities.ts';
import { insertField } from './template-text.ts';

/** A caption template, and the fields of the images' metadata to put into it where the cursor is. */
export function TemplateEditor({
  dataset,
  template,
  fault,
  onChange,
}: {
  dataset: DatasetDetail;
  template: string;
  fault: string | null;
  onChange: (template: string) => void;
}) {
  const field = useRef<HTMLTextAreaElement>(null);
  const cursorAfter = useRef<number | null>(null);
  useLayoutEffect(() => {
    const cursor = cursorAfter.current;
    if (cursor === null) return;
    cursorAfter.current = null;
    field.current?.focus();
    field.current?.setSelectionRange(cursor, cursor);
  }, [template]);
  const insert = (name: string) => {
    const { selectionStart = template.length, selectionEnd = template.length } = field.current ?? {};
    const { text, cursor } = insertField(template, { start: selectionStart, end: selectionEnd }, name);
    cursorAfter.current = cursor;
    onChange(text);
  };
  const images = dataset.images;
  return (
    <Stack gap="xs">
      <Textarea
        ref={field}
        label="Template"
        autosize
        minRows={2}
        maxRows={6}
        value={template}
        placeholder={dataset.fields.length === 0 ? 'a watercolour of a street' : 'a picture of ${name}'}
        error={fault}
        spellCheck={false}
        onChange={({ currentTarget }) => {
          onChange(currentTarget.value);
        }}
      />
      {dataset.fields.length === 0 ? (
        <Text size="xs" c="dimmed">
          These images have no metadata to fill in. Put a metadata.csv or metadata.jsonl beside them to add
          some.
        </Text>
      ) : (
        <Group gap={6} role="group" aria-label="Fields to insert">
          {dataset.fields.map(({ name, images: having, example }) => (
            <Button
              key={name}
              size="compact-xs"
              variant="default"
              title={`For example: ${example}`}
              aria-label={`Insert ${name}${having < images ? ` ${sharing(having, images)}` : ''}`}
              onClick={() => {
                insert(name);
              }}
            >
              {name}{' '}
              {having < images && (
                <Text component="span" size="xs" c="dimmed" ml={6} className="figures">
                  {sharing(having, images)}
                </Text>
              )}
            </Button>
          ))}
        </Group>
      )}
    </Stack>
  );
}

const sharing = (having: number, images: number) => `${countText(having)} of ${countOf(images, 'image')}`;
