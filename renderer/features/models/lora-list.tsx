import { Badge, Button, Center, Group, Text } from '@mantine/core';
import { IconAdjustments, IconFlame, IconStack2 } from '@tabler/icons-react';
import { useLocation } from 'wouter';

import { type Lora, loraText } from '../../../electron/contract/loras.ts';
import { bytesText } from '../../../electron/contract/quantities.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { FailureNote } from '../../components/failure-note.tsx';
import classes from '../../components/listed.module.css';
import { Loading } from '../../components/loading.tsx';
import { useStudioQuery } from '../../studio/studio.tsx';
import { useDraft } from '../train/draft-context.ts';
import { LoraMenu } from './lora-menu.tsx';

/** The LoRAs of the library: what each is and fits, and what to do with it. */
export function LoraList() {
  const loras = useStudioQuery('loras.list', {});
  if (loras.error !== null) {
    return (
      <Center p="xl">
        <FailureNote error={loras.error} onRetry={() => void loras.refetch()} />
      </Center>
    );
  }
  if (loras.data === undefined) {
    return <Loading />;
  }
  if (loras.data.length === 0) {
    return (
      <EmptyState icon={<IconStack2 size={40} stroke={1.2} />} title="No LoRA here yet">
        Drop the file of one here, or add it as a model is added. A LoRA lies over a model and changes what it
        draws: kohya’s, PEFT’s and diffusers’ files are read, convolutions and DoRA among them.
      </EmptyState>
    );
  }
  return (
    <ul className={classes.items} aria-label="LoRAs">
      {loras.data.map((lora) => (
        <Entry key={lora.id} lora={lora} />
      ))}
    </ul>
  );
}

function Entry({ lora }: { lora: Lora }) {
  const [, goTo] = useLocation();
  const { chooseMethod, edit } = useDraft();
  const [rank] = lora.ranks;
  const trainable = !lora.missing && lora.form === 'lora' && lora.ranks.length === 1 && rank !== undefined;
  return (
    <li className={classes.item} aria-label={lora.name}>
      <div className={classes.words}>
        <Text size="sm" fw={500} truncate title={lora.path}>
          {lora.name}
        </Text>
        <Text size="xs" c="dimmed" className="figures">
          {lora.missing ? `Its file is gone: ${lora.path}` : factsText(lora)}
        </Text>
        {lora.words.length > 0 && (
          <Group gap={4} mt={6}>
            {lora.words.slice(0, mostWords).map(({ word, images }) => (
              <Badge
                key={word}
                size="sm"
                variant="default"
                tt="none"
                fw={400}
                maw={220}
                title={`${word}, in ${images} of its captions`}
              >
                {word}
              </Badge>
            ))}
          </Group>
        )}
      </div>
      <Group gap="xs" wrap="nowrap">
        <Button
          size="xs"
          variant="default"
          leftSection={<IconAdjustments size={16} aria-hidden />}
          disabled={lora.missing}
          onClick={() => {
            goTo(`/bench?lora=${lora.id}`);
          }}
        >
          Try it
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconFlame size={16} aria-hidden />}
          disabled={!trainable}
          title={trainable ? undefined : 'Only a plain LoRA of one rank can be trained on.'}
          onClick={() => {
            chooseMethod('lora');
            edit({
              method: {
                ...{ from: lora.path, rank: rank!, alpha: undefined },
                ...(lora.modules.some(({ part }) => part !== 'UNet') && { textEncoder: true }),
              },
            });
            goTo('/train');
          }}
        >
          Train on
        </Button>
        <LoraMenu lora={lora} />
      </Group>
    </li>
  );
}

const mostWords = 8;

/** `LoRA for SDXL, rank 16 · 792 tensors … · 38 MB` */
function factsText(lora: Lora): string {
  const on = lora.modules.map(({ part, count }) => `${count} of the ${part}`).join(', ');
  return [
    loraText(lora),
    `modules: ${on}`,
    bytesText(lora.bytes),
    ...(lora.trainedOn === null ? [] : [`trained on ${lora.trainedOn}`]),
    ...(lora.base === null ? lora.reasons : []),
  ].join(' · ');
}
