import { Switch } from '@mantine/core';

import { NumberField } from '../../components/number-field.tsx';
import classes from './advanced-section.module.css';
import { useRequestForm } from './request-form.ts';

const blocks = [
  { block: 'down', label: 'Rank in down blocks' },
  { block: 'mid', label: 'Rank in the middle' },
  { block: 'up', label: 'Rank in up blocks' },
  { block: 'textEncoder', label: 'Rank in the text encoder' },
] as const;

/** What few LoRAs are trained with. */
export function LoraExtras() {
  const { request, edit, message } = useRequestForm();
  const { method } = request;
  if (method.kind !== 'lora') return null;
  const { blockRanks = {}, convRank, convAlpha, rankDropout, upRate, dora = false } = method;
  return (
    <>
      <NumberField
        label="Rank on convolutions"
        description="LoCon: learns textures better. Empty: none."
        optional
        value={convRank}
        placeholder="none"
        error={message('method.convRank')}
        onChange={(value) => {
          edit({ method: { convRank: value === 0 ? undefined : value } });
        }}
      />
      {convRank !== undefined && (
        <NumberField
          label="Alpha on convolutions"
          optional
          value={convAlpha}
          placeholder="as the rank"
          error={message('method.convAlpha')}
          onChange={(value) => {
            edit({ method: { convAlpha: value } });
          }}
        />
      )}
      {blocks
        .filter(({ block }) => block !== 'textEncoder' || method.textEncoder)
        .map(({ block, label }) => (
          <NumberField
            key={block}
            label={label}
            description={block === 'down' ? '0: nothing is trained there.' : undefined}
            optional
            value={blockRanks[block]}
            placeholder={String(method.rank)}
            error={message(`method.blockRanks.${block}`)}
            onChange={(value) => {
              const changed = { ...blockRanks, [block]: value };
              const isSet = Object.values(changed).some((rank) => rank !== undefined);
              edit({ method: { blockRanks: isSet ? changed : undefined } });
            }}
          />
        ))}
      <NumberField
        label="Rank dropout"
        description="Share of the ranks left out of each step, against learning by heart."
        optional
        step={0.05}
        value={rankDropout}
        placeholder="0"
        error={message('method.rankDropout')}
        onChange={(value) => {
          edit({ method: { rankDropout: value === 0 ? undefined : value } });
        }}
      />
      <NumberField
        label="LoRA+ ratio"
        description="How many times faster the up matrices learn; 16 is usual."
        optional
        value={upRate}
        placeholder="1"
        error={message('method.upRate')}
        onChange={(value) => {
          edit({ method: { upRate: value === 1 ? undefined : value } });
        }}
      />
      <Switch
        className={classes.row}
        size="sm"
        label="DoRA"
        description="Nearer to full finetuning; a step takes longer."
        checked={dora}
        onChange={(event) => {
          edit({ method: { dora: event.currentTarget.checked ? true : undefined } });
        }}
      />
    </>
  );
}
