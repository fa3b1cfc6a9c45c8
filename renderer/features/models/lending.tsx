import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { createContext, type ReactNode, use, useMemo, useState } from 'react';
import { Link, useLocation } from 'wouter';

import type { InputOf, OutputOf } from '../../../electron/contract/api.ts';
import { FailureNote } from '../../components/failure-note.tsx';
import { Loading } from '../../components/loading.tsx';
import { usePathPicker } from '../../components/path-picker.tsx';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';

/** Asks from which model one that lacks a part takes it. */
type Lend = (path: string) => void;

const LendingContext = createContext<Lend | null>(null);

/** Null where nobody can be asked. */
export function useLend(): Lend | null {
  return use(LendingContext);
}

/** Has the question ready for whatever screen adds a model. */
export function LendingProvider({ children }: { children: ReactNode }) {
  const [path, setPath] = useState<string | null>(null);
  const lend = useMemo<Lend>(() => setPath, []);
  return (
    <LendingContext value={lend}>
      {children}
      {path !== null && (
        <LendDialog
          key={path}
          path={path}
          onClose={() => {
            setPath(null);
          }}
        />
      )}
    </LendingContext>
  );
}

function LendDialog({ path, onClose }: { path: string; onClose: () => void }) {
  const lacking = useStudioQuery('models.lenders', { path });
  const discard = useStudioCommand('models.discardUploaded');
  const cancel = () => {
    onClose();
    // What a browser sent would stay behind, and nobody would know.
    discard.mutate({ path });
  };
  return (
    <Modal
      opened
      onClose={cancel}
      centered
      size="md"
      title={lacking.data == null ? 'A part is missing' : titleOf(lacking.data)}
    >
      {lacking.error !== null ? (
        <FailureNote error={lacking.error} />
      ) : lacking.data === undefined ? (
        <Loading />
      ) : lacking.data === null ? (
        <Text size="sm">Nothing is missing any more. Add the model again.</Text>
      ) : (
        <Lenders path={path} lacking={lacking.data} onDone={onClose} onCancel={cancel} />
      )}
    </Modal>
  );
}

type Lacking = NonNullable<OutputOf<'models.lenders'>>;

function isFrom(lender: InputOf<'models.add'>['lender'], modelId: number): boolean {
  return lender != null && 'modelId' in lender && lender.modelId === modelId;
}

const partsText = ({ lacks }: Lacking): string => lacks.join(' and its ');

function titleOf(lacking: Lacking): string {
  return `${lacking.name} has no ${lacking.lacks.join(' and no ')}`;
}

function Lenders({
  path,
  lacking,
  onDone,
  onCancel,
}: {
  path: string;
  lacking: Lacking;
  onDone: () => void;
  onCancel: () => void;
}) {
  const [, goTo] = useLocation();
  const add = useStudioCommand('models.add');
  const take = (lender: { modelId: number } | { path: string }) => {
    add.mutate(
      { path, lender },
      {
        onSuccess: ({ modelId }) => {
          onDone();
          goTo(`/models/${modelId}`);
        },
      },
    );
  };
  const file = usePathPicker({
    what: 'model-file',
    title: 'Take it from a file: of a model, or of the part alone',
    confirm: 'Take it from this file',
    onPick: (lender) => {
      take({ path: lender });
    },
  });
  const { lenders, label } = lacking;
  return (
    <Stack gap="md">
      <Text size="sm">
        It is a {label} without its {partsText(lacking)}.{' '}
        {lenders.length === 0
          ? 'None of your models can lend it.'
          : 'Another model can lend it. No file is changed, and the model remembers where it took it from.'}
      </Text>
      {lenders.map(({ modelId, name }) => (
        <Group key={modelId} justify="space-between" wrap="nowrap">
          <Text size="sm" fw={500} style={{ overflowWrap: 'anywhere' }}>
            {name}
          </Text>
          <Button
            size="xs"
            aria-label={`Take it from here: ${name}`}
            loading={add.isPending && isFrom(add.variables.lender, modelId)}
            disabled={add.isPending}
            onClick={() => {
              take({ modelId });
            }}
          >
            Take it from here
          </Button>
        </Group>
      ))}
      {add.error !== null && <FailureNote error={add.error} />}
      <Group justify="space-between" gap="xs">
        <Group gap="xs">
          <Button size="xs" variant="default" disabled={add.isPending} onClick={file.pick}>
            From a file…
          </Button>
          {lenders.length === 0 && (
            <Button size="xs" variant="default" component={Link} href="/models/get" onClick={onCancel}>
              Get a base
            </Button>
          )}
        </Group>
        <Button size="xs" variant="default" onClick={onCancel}>
          Cancel
        </Button>
      </Group>
      {file.dialog}
    </Stack>
  );
}
