import {
  type Experiment,
  type ExperimentEvent,
  IN_CONTEXT,
  type QueryOutcome,
  type Step,
  ZERO_SHOT,
} from '../experiment/experiment.ts';
import { HeatMap, SharedScale } from '../plots/heat-map.ts';
import { lineChart } from '../plots/line-chart.ts';
import type { ModelFacts } from '../worker/messages.ts';
import { AccuracyTable } from './accuracy-table.ts';
import { CurveCharts } from './curve-charts.ts';
import { byId, html } from './elements.ts';
import { curveTable, outcomeTable } from './number-tables.ts';
import { type Told, nothingTold, take } from './told.ts';

/** The results of one run, drawn as they come. */
export class Results {
  readonly told: Told;
  readonly #updates = byId('updates', HTMLElement);
  readonly #training = byId('training', HTMLElement);
  readonly #numbers = byId('numbers', HTMLElement);
  readonly #maps = new Map<string, HeatMap>();
  readonly #losses = new Map<string, { row: HTMLElement; loss: HTMLElement }>();
  readonly #accuracies: AccuracyTable;
  readonly #charts: CurveCharts;
  #facts: ModelFacts | undefined;

  /** Clears what an earlier run has left. */
  constructor(experiment: Experiment) {
    this.told = nothingTold(experiment);
    for (const part of [this.#updates, this.#training, this.#numbers]) part.replaceChildren();
    byId('model-facts', HTMLElement).textContent = '';
    const settings = [ZERO_SHOT, IN_CONTEXT, ...experiment.learners];
    this.#accuracies = new AccuracyTable(byId('accuracies', HTMLElement), settings, experiment);
    this.#charts = new CurveCharts(byId('curves', HTMLElement));
    // An empty frame says nothing: shown when there is a model.
    byId('results', HTMLElement).hidden = true;
  }

  /** What the model is; maps are laid out then, and fill in later. */
  model(facts: ModelFacts): void {
    this.#facts = facts;
    byId('results', HTMLElement).hidden = false;
    const { name, layers, heads, dModel, adapter } = facts;
    byId('model-facts', HTMLElement).textContent =
      `Model ${name}: ${layers} layers, ${heads} heads, ${dModel} dimensions; computed on ${adapter}.`;
    const { learners, demonstrations, queries } = this.told.experiment;
    const share = new SharedScale();
    const sizes = [IN_CONTEXT, ...learners].map((setting) =>
      this.#map(`size ${setting}`, {
        title: `${setting}: size of the update`,
        description: `Length of the change of the attention output by ${setting}, relative to zero-shot, for each layer (rows) and query (columns). Means are in the table of numbers.`,
        ...{ columns: queries.length, column: 'query', scale: 'size', share },
      }),
    );
    const directions = learners.map((setting) =>
      this.#map(`cosine ${setting}`, {
        title: `${setting}: direction against ICL’s`,
        description: `Cosine between the updates of ${setting} and of in-context learning, for each layer (rows) and query (columns). SimAOU in the table of numbers is their mean.`,
        ...{ columns: queries.length, column: 'query', scale: 'cosine' },
      }),
    );
    this.#updates.replaceChildren(...sizes, ...directions);
    for (const learner of learners) {
      const norms = this.#map(`norms ${learner}`, {
        title: `${learner}: norm of the gradient`,
        description:
          'Length of the gradient of each layer’s key and value weights (rows) at each training step (columns).',
        ...{ columns: demonstrations.length, column: 'step', scale: 'size' },
      });
      const loss = html('div');
      const row = html('div', { class: 'charts', hidden: true }, loss, norms);
      this.#losses.set(learner, { row, loss });
      this.#training.append(row);
    }
  }

  /** Draws what is new. */
  take(event: ExperimentEvent): void {
    take(this.told, event);
    if (event.kind === 'outcomes') this.#drawOutcomes(event.setting, event.outcomes);
    if (event.kind === 'training') this.#drawStep(event.learner, event.place, event.step);
    if (event.kind === 'curves') this.#charts.draw(this.told.curves);
  }

  /** Whether there is anything to save. */
  get empty(): boolean {
    return this.told.outcomes.size === 0;
  }

  /** The tables of numbers, when all are there. */
  finish(): void {
    const layers = this.#facts?.layers ?? 0;
    this.#numbers.replaceChildren(curveTable(this.told, layers), outcomeTable(this.told));
  }

  #map(key: string, options: Omit<ConstructorParameters<typeof HeatMap>[0], 'layers'>): HTMLElement {
    const map = new HeatMap({ ...options, layers: this.#facts?.layers ?? 0 });
    this.#maps.set(key, map);
    return map.element;
  }

  #drawOutcomes(setting: string, outcomes: readonly QueryOutcome[]): void {
    this.#accuracies.show(setting, this.told.outcomes.get(setting) ?? []);
    for (const { query, updateSizes, updateCosines } of outcomes) {
      this.#maps.get(`size ${setting}`)?.fill(query, updateSizes);
      this.#maps.get(`cosine ${setting}`)?.fill(query, updateCosines);
    }
  }

  #drawStep(learner: string, place: number, { gradientNorms }: Step): void {
    this.#maps.get(`norms ${learner}`)?.fill(place, gradientNorms);
    const drawn = this.#losses.get(learner);
    if (!drawn) return;
    drawn.row.hidden = false;
    drawn.loss.replaceChildren(
      lossChart(learner, this.told.training.get(learner) ?? [], this.told.experiment.demonstrations.length),
    );
  }
}

/** At the output, or where each layer has a loss of its own, in the first and last of them. */
function lossChart(learner: string, steps: readonly Step[], places: number): HTMLElement {
  const layers = steps[0]?.losses.length ?? 0;
  const line = (layer: number): number[] => steps.map(({ losses }) => losses[layer] ?? Number.NaN);
  const perLayer = steps.some(({ losses }) => losses.some((loss) => loss !== losses[0]));
  const series = perLayer
    ? [
        { name: 'layer 0', style: 'first-layer', values: line(0) },
        { name: `layer ${layers - 1}, the last`, style: learner, values: line(layers - 1) },
      ]
    : [{ name: 'at the output', style: learner, values: line(0) }];
  return lineChart({ title: `${learner}: loss, nats a token`, across: 'step', first: 1, series, places });
}
