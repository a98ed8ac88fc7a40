import type { DecoderConfig } from '@icl-gd/transformer';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import { type RunSettings, comparedSettings } from './plan.ts';
import { type RunSetting, runSettingId, unavailability } from './setting.ts';

/** Shifted positions change nothing where positions are relative: there is no such control then unless it was asked for. */
function isIdle(
  { learner, options, byDefault }: RunSetting,
  { positions }: Pick<DecoderConfig, 'positions'>,
): boolean {
  return Boolean(byDefault) && learner.id === 'ZSL' && 'positions' in options && positions.kind === 'rotary';
}

/** The settings without those default controls that are zero-shot itself in this model, and a line about each of those. */
export function applicableSettings(
  settings: RunSettings,
  config: Pick<DecoderConfig, 'positions'>,
): { readonly settings: RunSettings; readonly lines: readonly string[] } {
  const idle = settings.controls.filter((own) => isIdle(own, config));
  return {
    settings: { ...settings, controls: settings.controls.filter((own) => !idle.includes(own)) },
    lines: idle.map(
      (own) =>
        `${runSettingId(own)} is left out: with rotary positions it is zero-shot (name it in --controls to run it)`,
    ),
  };
}

/** What cannot be made of the data, a line for each setting and dataset. */
export function describeUnavailable(settings: RunSettings, runs: readonly PreparedRun[]): string[] {
  const lines = runs.flatMap((run) =>
    comparedSettings(settings).flatMap((own) => {
      const reason = unavailability(own, run);
      if (reason === undefined) return [];
      const what = own.byDefault ? 'is left out' : 'cannot be made, as cells.csv says';
      return [`${runSettingId(own)} ${what}: ${reason}`];
    }),
  );
  return [...new Set(lines)];
}
