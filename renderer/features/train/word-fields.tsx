import { Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';

import {
  lettersFault,
  mostWordVectors,
  type WordCaptions,
  wordCaptions,
} from '../../../electron/contract/word-spec.ts';
import { NumberField } from '../../components/number-field.tsx';
import classes from './advanced-section.module.css';
import { useRequestForm } from './request-form.ts';

/** The word that is taught, where the method is that. */
export function WordFields() {
  const { request, edit, message } = useRequestForm();
  const { method } = request;
  if (method.kind !== 'embedding') return null;
  return (
    <Stack gap={8}>
      <Text size="xs" c="dimmed">
        Teaches the model a word for what your images show. The model itself stays as it is, and the word is
        one small file. A few images are enough.
      </Text>
      <SimpleGrid cols={2} spacing={12}>
        <TextInput
          label="Word"
          description="Prompts say it."
          value={method.word}
          error={
            lettersFault(method.word) ??
            (message('method.word') && 'One word, such as mywolf, without brackets or commas')
          }
          onChange={(event) => {
            edit({ word: { word: event.currentTarget.value.trim() } });
          }}
        />
        <TextInput
          label="Roughly what it is"
          description="It begins as these words."
          placeholder="cartoon wolf"
          value={method.initWords}
          error={message('method.initWords')}
          onChange={(event) => {
            edit({ word: { initWords: event.currentTarget.value } });
          }}
        />
      </SimpleGrid>
    </Stack>
  );
}

const sentences: Readonly<Record<WordCaptions, string>> = {
  object: '“a photo of a …”, as of a thing',
  style: '“a painting in the style of …”',
  own: 'The same captions, the word before them',
};

/** What few words are taught with. */
export function WordExtras() {
  const { request, edit, message } = useRequestForm();
  const { method } = request;
  if (method.kind !== 'embedding') return null;
  return (
    <>
      <Select
        className={classes.twoColumns}
        label="Instead of captions without the word"
        description="A caption that has the word stays as it is."
        data={wordCaptions.map((value) => ({ value, label: sentences[value] }))}
        value={method.captions}
        allowDeselect={false}
        onChange={(value) => {
          const captions = wordCaptions.find((other) => other === value);
          if (captions !== undefined) edit({ word: { captions } });
        }}
      />
      <NumberField
        label="Vectors"
        description={`1 to ${mostWordVectors}: more tell more of it, and take up more of a prompt.`}
        value={method.vectors}
        min={1}
        max={mostWordVectors}
        error={message('method.vectors')}
        onChange={(vectors) => {
          edit({ word: { vectors } });
        }}
      />
    </>
  );
}
