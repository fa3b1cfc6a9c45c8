import { NativeSelect, Stack, Text, Textarea } from '@mantine/core';

import { usualCaptioning } from '../../../electron/contract/captioners.ts';
import type { CaptionSetData, CaptionSource } from '../../../electron/contract/captions.ts';
import type { DatasetDetail } from '../../../electron/contract/datasets.ts';
import { firstTemplate } from '../../../electron/contract/first-template.ts';
import { sourceKinds, sourceWords } from '../../components/caption-source.ts';
import { ModelForm } from './model-form.tsx';
import { TemplateEditor } from './template-editor.tsx';

/** A source of a kind, with something in it to go on from. */
export function newSource(
  kind: CaptionSource['kind'],
  dataset: DatasetDetail,
  sets: readonly CaptionSetData[],
): CaptionSource {
  switch (kind) {
    case 'template':
      return { kind, template: firstTemplate(dataset.fields) };
    case 'fixed':
      return { kind, text: '' };
    case 'column':
      return { kind, column: dataset.fields[0]?.name ?? '' };
    case 'copy':
      return { kind, captionSetId: sets[0]?.id ?? 0 };
    case 'model':
      return { kind, captionerId: 0, options: { ...usualCaptioning, exclude: [] } };
    default:
      return { kind };
  }
}

/** Whether there is enough of it to ask the studio about. */
export function isComplete(source: CaptionSource): boolean {
  switch (source.kind) {
    case 'template':
      return source.template.trim() !== '';
    case 'fixed':
      return source.text.trim() !== '';
    case 'column':
      return source.column !== '';
    case 'model':
      return source.captionerId > 0;
    case 'copy':
      return source.captionSetId > 0;
    default:
      return true;
  }
}

/** Chooses where captions come from, and says the particulars. */
export function SourceForm({
  dataset,
  sets,
  source,
  fault,
  onChange,
}: {
  dataset: DatasetDetail;
  sets: readonly CaptionSetData[];
  source: CaptionSource;
  /** Why it gives no captions, as the studio says. */
  fault: string | null;
  onChange: (source: CaptionSource) => void;
}) {
  const offered = sourceKinds.filter(
    (kind) => !(kind === 'column' && dataset.fields.length === 0) && !(kind === 'copy' && sets.length === 0),
  );
  return (
    <Stack gap="sm">
      <NativeSelect
        label="Captions from"
        description={sourceWords[source.kind].explanation}
        value={source.kind}
        data={offered.map((kind) => ({ value: kind, label: sourceWords[kind].label }))}
        onChange={({ currentTarget }) => {
          onChange(newSource(currentTarget.value as CaptionSource['kind'], dataset, sets));
        }}
      />
      {source.kind === 'template' && (
        <TemplateEditor
          dataset={dataset}
          template={source.template}
          fault={fault}
          onChange={(template) => {
            onChange({ kind: 'template', template });
          }}
        />
      )}
      {source.kind === 'fixed' && (
        <Textarea
          label="Caption"
          autosize
          minRows={2}
          value={source.text}
          onChange={({ currentTarget }) => {
            onChange({ kind: 'fixed', text: currentTarget.value });
          }}
        />
      )}
      {source.kind === 'column' && (
        <NativeSelect
          label="Field"
          value={source.column}
          data={dataset.fields.map(({ name, example }) => ({ value: name, label: `${name} – ${example}` }))}
          onChange={({ currentTarget }) => {
            onChange({ kind: 'column', column: currentTarget.value });
          }}
        />
      )}
      {source.kind === 'model' && <ModelForm source={source} onChange={onChange} />}
      {source.kind === 'copy' && (
        <NativeSelect
          label="Set to copy"
          value={String(source.captionSetId)}
          data={sets.map(({ id, name }) => ({ value: String(id), label: name }))}
          onChange={({ currentTarget }) => {
            onChange({ kind: 'copy', captionSetId: Number(currentTarget.value) });
          }}
        />
      )}
      {fault !== null && source.kind !== 'template' && (
        <Text size="sm" c="red" role="alert">
          {fault}
        </Text>
      )}
    </Stack>
  );
}
