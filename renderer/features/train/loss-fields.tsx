import { Select, Switch } from '@mantine/core';

import {
  lossKinds,
  lossLabels,
  type LossSpec,
  type NoiseSpec,
  thresholdSchedules,
} from '../../../electron/contract/loss-spec.ts';
import { NumberField } from '../../components/number-field.tsx';
import classes from './advanced-section.module.css';
import { useRequestForm } from './request-form.ts';

/** How errors are measured, and what each timestep counts. */
export function LossFields() {
  const { request, edit, message } = useRequestForm();
  const { loss } = request.train;
  const change = (changed: Partial<LossSpec>) => {
    edit({ train: { loss: { ...loss, ...changed } } });
  };
  const isRobust = loss.kind !== 'mse';
  return (
    <>
      <Select
        label="Error"
        description={isRobust ? 'Odd images and captions count for less.' : undefined}
        data={lossKinds.map((value) => ({ value, label: lossLabels[value] }))}
        value={loss.kind}
        allowDeselect={false}
        onChange={(value) => {
          const kind = lossKinds.find((other) => other === value);
          if (kind !== undefined) change({ kind });
        }}
      />
      {isRobust && (
        <>
          <NumberField
            label="Threshold"
            step={0.05}
            description="Errors beyond it count by their size, not their square."
            value={loss.threshold}
            error={message('train.loss.threshold')}
            onChange={(threshold) => {
              change({ threshold });
            }}
          />
          <Select
            label="Threshold schedule"
            data={thresholdSchedules.map((value) => ({ value, label: scheduleLabels[value] }))}
            value={loss.schedule}
            allowDeselect={false}
            onChange={(value) => {
              const schedule = thresholdSchedules.find((other) => other === value);
              if (schedule !== undefined) change({ schedule });
            }}
          />
        </>
      )}
      {isRobust && loss.schedule !== 'snr' && (
        <NumberField
          label="Threshold scale"
          step={0.1}
          value={loss.scale}
          error={message('train.loss.scale')}
          onChange={(scale) => {
            change({ scale });
          }}
        />
      )}
      <Switch
        className={classes.row}
        size="sm"
        label="Debiased estimation"
        description="Noisy timesteps, where shapes are decided, count more."
        checked={loss.debiased}
        onChange={(event) => {
          change({ debiased: event.currentTarget.checked });
        }}
      />
    </>
  );
}

const scheduleLabels: Readonly<Record<(typeof thresholdSchedules)[number], string>> = {
  constant: 'Constant',
  exponential: 'Falling with the noise',
  snr: 'By signal to noise',
};

/** What is done to noise while training. */
export function NoiseFields() {
  const { request, edit, message, warning } = useRequestForm();
  const { noise, noiseOffset } = request.train;
  const change = (changed: Partial<NoiseSpec>) => {
    edit({ train: { noise: { ...noise, ...changed } } });
  };
  return (
    <>
      <NumberField
        label="Noise offset"
        step={0.01}
        description="For darker and brighter pictures. 0: none, 0.05 is usual."
        value={noiseOffset}
        error={message('train.noiseOffset')}
        warning={warning('train.noiseOffset')}
        onChange={(value) => {
          edit({ train: { noiseOffset: value } });
        }}
      />
      <NumberField
        label="Noise pyramid"
        unit="levels"
        description="The same with coarser noise. 0: none, 6 is usual."
        value={noise.pyramidIterations}
        error={message('train.noise.pyramidIterations')}
        onChange={(pyramidIterations) => {
          change({ pyramidIterations });
        }}
      />
      {noise.pyramidIterations > 0 && (
        <NumberField
          label="Pyramid discount"
          step={0.1}
          description="How much each level counts beside the one before."
          value={noise.pyramidDiscount}
          error={message('train.noise.pyramidDiscount')}
          onChange={(pyramidDiscount) => {
            change({ pyramidDiscount });
          }}
        />
      )}
      <NumberField
        label="Input perturbation"
        step={0.05}
        description="Extra noise that the model need not predict. 0: none, 0.1 is usual."
        value={noise.inputPerturbation}
        error={message('train.noise.inputPerturbation')}
        onChange={(inputPerturbation) => {
          change({ inputPerturbation });
        }}
      />
      <Switch
        className={classes.row}
        size="sm"
        label="Zero terminal SNR"
        description="Pictures may become quite dark or bright. For bases that predict v."
        checked={noise.zeroTerminalSnr}
        onChange={(event) => {
          change({ zeroTerminalSnr: event.currentTarget.checked });
        }}
      />
    </>
  );
}
