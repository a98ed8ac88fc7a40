import { CONTRAST_FORMS, type Contrast, signOf } from '../likeness/contrasts.ts';
import type { Likeness } from '../likeness/likeness.ts';
import { type Inline, type Markdown, joined, table, written } from '../markdown.ts';
import { BREAK, bullets, names, range, showP, signed, toSettle } from './show.ts';

/**
 * LCGD − GD under every rule of rates that was run.
 * @param all the headline's first
 */
export function contrastSection([likeness, ...others]: readonly Likeness[]): Markdown[] {
  if (!likeness) return [];
  const { contrasts, ladder, probe } = likeness;
  const title = written`## LCGD − GD under every rate`;
  if (contrasts.length === 0)
    return [title, written`LCGD and GD were not both measured: there is no difference to table.`];
  const sentences = CONTRAST_FORMS.flatMap(({ id, label }) => {
    const own = contrasts.filter(({ form }) => form === id);
    return own.length === 0 ? [] : [survival(label, own)];
  });
  const other = (own: Likeness, { form, lcgd, gd }: Contrast): Contrast | undefined =>
    own.contrasts.find((each) => each.form === form && each.lcgd === lcgd && each.gd === gd);
  return [
    title,
    bullets(sentences),
    table(
      [
        ...['quantity', 'rates', others.length === 0 ? 'datasets together' : `datasets together, ${probe}`],
        ...others.map((own) => `datasets together, ${own.probe}`),
        ...['where something was learned', ...ladder.datasets],
      ],
      contrasts.map((contrast) => [
        CONTRAST_FORMS.find(({ id }) => id === contrast.form)!.label,
        nameOf(contrast),
        showAcross(contrast),
        ...others.map((own) => showAcross(other(own, contrast))),
        showLearned(contrast),
        ...ladder.datasets.map((dataset) => showCase(contrast, dataset)),
      ]),
    ),
    written`Datasets together: mean of their paired differences, Student's t interval and p with datasets as units, and the exact p of sign flips; not adjusted for the number of rows, and exploratory but for the published rates of SimAOU and SimAM\\_Δ. *Demeaned* and *centred* are without what all examples, or all keys of a head, have in common; *− mismatched* without what is not about the example.`,
  ];
}

/** Whether the sign of a difference is one of learners or one of rates. */
function survival(label: string, measured: readonly Contrast[]): Markdown {
  // Of the two learners as they are; other readouts stand in the table.
  const plain = measured.filter(({ lcgd, rule }) => lcgd === (rule === 'published' ? 'LCGD' : shown(rule)));
  const [first, ...others] = plain.length > 0 ? plain : measured;
  const own = first!;
  const { sign, sure } = signOf(own);
  const uncertain = sure ? '' : `, inconclusive (its interval includes 0${settling(own)})`;
  const start = `${label}: LCGD − GD is ${signed(valueOf(own))} at ${own.rule} rates${uncertain}`;
  if (others.length === 0)
    return written`${start}. No other rule has it, so that whether its sign survives cannot be said.`;
  const told = (some: readonly Contrast[]): string =>
    names(some.map((each) => `${each.rule} (${signed(valueOf(each))})`));
  const all = [own, ...others];
  const settled = all.filter((each) => signOf(each).sure);
  const open = all.filter((each) => !signOf(each).sure);
  if (new Set(settled.map((each) => signOf(each).sign)).size > 1)
    return written`${start}. **Its sign does not survive**: clear of 0, it is ${told(settled)}.`;
  const changed = others.filter((each) => signOf(each).sign !== sign);
  if (open.length > 0)
    return written`${start}. **Whether its sign survives is inconclusive**: the mean ${changed.length === 0 ? 'has the same sign' : `changes its sign under ${told(changed)}`}${same(changed, others, told)}, and intervals include 0 under ${names(open.map(({ rule }) => rule))}.`;
  return written`${start}. **Its sign survives**: it is the same under ${told(others)}, and no interval includes 0.`;
}

/** The rules under which a sign stays, if any. */
function same(
  changed: readonly Contrast[],
  others: readonly Contrast[],
  told: (some: readonly Contrast[]) => string,
): string {
  const kept = others.filter((each) => !changed.includes(each));
  if (kept.length === 0) return '';
  return changed.length === 0 ? ` under ${told(kept)}` : ` and keeps it under ${told(kept)}`;
}

function shown(rule: string): string {
  return rule === 'tangent' ? 'LCGD[tangent]' : `LCGD[rate=${rule}]`;
}

function settling(contrast: Contrast): string {
  const { toSettle: count } = contrast;
  return toSettle(count === null ? null : { count, units: 'datasets' });
}

function valueOf({ across, cases }: Contrast): number {
  return across?.mean ?? cases[0]?.estimate.value ?? 0;
}

function nameOf({ lcgd, gd, rule }: Contrast): Inline {
  return joined([rule, `${lcgd} − ${gd}`], BREAK);
}

function showAcross(contrast: Contrast | undefined): Inline {
  if (!contrast) return '–';
  const { across } = contrast;
  if (!across) return 'one dataset';
  return joined(
    [
      written`${signed(across.mean)}${range(across.interval)}`,
      `t ${showP(across.p)}, flips ${showP(across.signFlipP)}`,
      ...(contrast.toSettle === null ? [] : [`inconclusive${settling(contrast)}`]),
    ],
    BREAK,
  );
}

function showLearned({ acrossLearned, cases }: Contrast): Inline {
  if (cases.every(({ gate }) => gate === 'not measured')) return 'not measured';
  const count = cases.filter(({ gate }) => gate === 'learned').length;
  if (!acrossLearned) return `${count} of ${cases.length} datasets`;
  return joined(
    [
      written`${signed(acrossLearned.mean)}${range(acrossLearned.interval)}`,
      `${count} of ${cases.length} datasets`,
    ],
    BREAK,
  );
}

function showCase({ cases }: Contrast, dataset: string): Inline {
  const own = cases.find((each) => each.dataset === dataset);
  if (!own) return '–';
  const { estimate, gate } = own;
  return joined(
    [
      written`${estimate.value === null ? '–' : signed(estimate.value)}${range(estimate.interval, estimate.basis)}`,
      ...(gate === 'nothing was learned' || gate === 'undecided' ? [gate] : []),
    ],
    BREAK,
  );
}
