import {
  DivergedError,
  type LearnerResult,
  type ProbedCell,
  type ProbeTokensOptions,
  probeBatches,
  probeTogether,
} from '@icl-gd/methods';
import type { PreparedRun } from '../../tasks/prompts/prepare-run.ts';
import { budgetOf, tokensOfPass } from './pass.ts';

/** An adapted model whose queries will be asked for. */
export interface HeldModel {
  readonly adapted: LearnerResult;
  readonly prepared: PreparedRun;
}

/** What cells are probed by: `@icl-gd/methods`, but for tests. */
export type ProbeTogether = typeof probeTogether;

type Probes = Awaited<ReturnType<LearnerResult['probeTokens']>>;
type Options = Pick<ProbeTokensOptions, 'probeTokens' | 'nextTokens' | 'tokenBudget' | 'signal'>;

/** Probes that were made before they were asked for. */
interface ProbedAhead {
  /** How they were. */
  readonly asked: string;
  /** Undefined where it did not come about: the cell is then probed by itself. */
  readonly probes: Promise<Probes | DivergedError | undefined>;
  /** Of the same pass, what has not been asked for yet. */
  readonly pass: Set<LearnerResult>;
}

/**
 * Probes of adapted models that wait: where one is probed, those that come next are probed in the same pass, as many as it has room
 * for, and the pass after that one is given to the device as well, so that it has work while the host looks at what came. No number
 * depends on it.
 */
export class JointProbes {
  readonly #most: () => number;
  readonly #probeTogether: ProbeTogether;
  readonly #ahead = new Map<LearnerResult, ProbedAhead>();

  /** @param most models in a pass */
  constructor(most: () => number, together: ProbeTogether = probeTogether) {
    this.#most = most;
    this.#probeTogether = together;
  }

  /**
   * The adapted model, whose own queries are probed together with those of others when they are first asked for.
   * @param waiting those that will be asked for next, in their order
   */
  of({ adapted, prepared }: HeldModel, waiting: () => readonly HeldModel[]): LearnerResult {
    let isFirst = true;
    const probeTokens: LearnerResult['probeTokens'] = async (queries, options) => {
      const { signal, onProgress, allocate } = options;
      const isOwn = isFirst && queries === prepared.queries && !allocate;
      isFirst = false;
      const found = isOwn ? await this.#probe({ adapted, prepared }, options, waiting) : undefined;
      this.forget(adapted);
      if (!found) return await adapted.probeTokens(queries, options);
      signal?.throwIfAborted();
      if (found instanceof DivergedError) throw found;
      onProgress?.({ finished: queries.length, total: queries.length });
      return found;
    };
    return {
      ...adapted,
      probeTokens,
      async probe(queries, { probeToken, ...options }) {
        const probes = await probeTokens(queries, { ...options, probeTokens: [probeToken] });
        return [...(probes.get(probeToken) ?? [])];
      },
      dispose: () => {
        this.forget(adapted);
        adapted.dispose();
      },
    };
  }

  /** What was made ahead for a model is not wanted. */
  forget(adapted: LearnerResult): void {
    this.#ahead.get(adapted)?.pass.delete(adapted);
    this.#ahead.delete(adapted);
  }

  async #probe(
    own: HeldModel,
    { probeTokens, nextTokens, tokenBudget, signal }: ProbeTokensOptions,
    waiting: () => readonly HeldModel[],
  ): Promise<Probes | DivergedError | undefined> {
    const options = { probeTokens, nextTokens, tokenBudget, signal };
    const asked = JSON.stringify([probeTokens, nextTokens, tokenBudget]);
    if (this.#ahead.get(own.adapted)?.asked !== asked) {
      this.forget(own.adapted);
      const pass = this.#passOf([own, ...this.#notAhead(waiting())], options);
      // Alone it gains nothing by what is done here.
      if (pass.length < 2) return undefined;
      this.#begin(pass, asked, options);
    }
    const { probes, pass } = this.#ahead.get(own.adapted) as ProbedAhead;
    this.forget(own.adapted);
    // One pass at most is held beyond the one that is asked for.
    if ([...this.#ahead.values()].every((other) => other.pass === pass))
      this.#begin(this.#passOf(this.#notAhead(waiting()), options), asked, options);
    return await probes;
  }

  #notAhead(waiting: readonly HeldModel[]): HeldModel[] {
    return waiting.filter(({ adapted }) => !this.#ahead.has(adapted));
  }

  /** The first, as far as they fit into one pass. */
  #passOf(models: readonly HeldModel[], options: Options): HeldModel[] {
    let left = budgetOf(options);
    const pass: HeldModel[] = [];
    for (const own of models) {
      const tokens = tokensOfPass(probeBatches(own.prepared.queries, options, false));
      if (tokens === undefined || tokens > left || pass.length === this.#most()) break;
      left -= tokens;
      pass.push(own);
    }
    return pass;
  }

  #begin(models: readonly HeldModel[], asked: string, options: Options): void {
    if (models.length === 0) return;
    const cells = models.map(({ adapted, prepared: { queries } }): ProbedCell => ({ adapted, queries }));
    // Whatever goes wrong is told where each is probed by itself.
    const all = this.#probeTogether(cells, options).catch(() => undefined);
    const pass = new Set(models.map(({ adapted }) => adapted));
    for (const [i, { adapted }] of models.entries())
      this.#ahead.set(adapted, { asked, pass, probes: all.then((probes) => probes?.[i]) });
  }
}
