import {
  type LayerScores,
  type ProbeArrays,
  type ProbeShape,
  alpha,
  simAM,
  simAMDelta,
  simAMZeroShot,
  simAOU,
  simAOUNorm,
  simAOURandom,
} from '@icl-gd/metrics';
import { Pcg64 } from '@icl-gd/transformer';
import type { Group, Method } from './plan.ts';

/** Every metric of a group; `-` where it belongs to no method. */
export type Scores = readonly {
  readonly method: Method | '-';
  readonly metric: string;
  readonly scores: LayerScores;
}[];

/** @param probes by setting: ZSL, ICL and the methods that finished */
export function scoreProbes(
  probes: ReadonlyMap<string, readonly ProbeArrays[]>,
  shape: ProbeShape,
  { seed, methods }: Group,
): Scores {
  const [zsl = [], icl = []] = [probes.get('ZSL'), probes.get('ICL')];
  const uniform = new Pcg64(seed);
  const [gd, lcgd] = [probes.get('GD'), probes.get('LCGD')];
  const own = (method: Method | '-', metrics: Readonly<Record<string, LayerScores>>): Scores =>
    Object.entries(metrics).map(([metric, scores]) => ({ method, metric, scores }));
  return [
    ...own('-', {
      simaou_random: simAOURandom(icl, zsl, () => uniform.random(), shape),
      simam_zsl: simAMZeroShot(icl, zsl, shape),
      ...(gd && lcgd ? { alpha: alpha(lcgd, gd, zsl, shape) } : {}),
    }),
    ...methods.flatMap((method) => {
      const ft = probes.get(method);
      if (!ft) return [];
      return own(method, {
        simaou: simAOU(icl, zsl, ft, shape),
        simaou_norm: simAOUNorm(icl, zsl, ft, shape),
        simam: simAM(icl, ft, shape),
        simam_delta: simAMDelta(icl, zsl, ft, shape),
      });
    }),
  ];
}
